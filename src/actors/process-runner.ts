import { fromCallback } from 'xstate';
import type { ProcessEvent, RunnerCommand, RunnerInput } from '../../machines/model/types.ts';
import { createSupervisedProcess, type ProcessParts, type SupervisedProcess } from './supervised-process.ts';

/**
 * The actor that owns the process of a model.
 *
 * INVARIANTS
 * - Nothing throws in `receive`: XState would put the actor into its error state without calling the cleanup.
 * - The cleanup cannot wait for a death, so it kills; the ledger keeps the process until it is gone.
 */
export function createProcessRunner(parts: ProcessParts) {
  return fromCallback<RunnerCommand, RunnerInput>(({ input, sendBack, receive }) => {
    const supervised = createSupervisedProcess(input.model, parts, (event: ProcessEvent) => sendBack(event));
    receive((command) => {
      try {
        obey(supervised, command);
      } catch (error) {
        parts.log.error(`${input.model}: ${command.type} broke: ${(error as Error).message}`);
      }
    });
    return () => supervised.kill();
  });
}

function obey(supervised: SupervisedProcess, command: RunnerCommand): void {
  switch (command.type) {
    case 'process.start':
      supervised.start();
      break;
    case 'process.terminate':
      supervised.terminate();
      break;
    case 'process.kill':
      supervised.kill();
      break;
  }
}
