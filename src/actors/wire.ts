import { type Actor, createActor, type InspectionEvent } from 'xstate';
import { modelMachine } from '../../machines/model/machine.ts';
import { orchestratorMachine, type OrchestratorMachine } from '../../machines/orchestrator/machine.ts';
import type { Topology } from '../../machines/orchestrator/types.ts';
import { ORCHESTRATOR_ID } from '../../machines/shared/ids.ts';
import { swapMachine } from '../../machines/swap/machine.ts';
import { createHealthProbe } from './health-probe.ts';
import { createPreflight, type PreflightParts } from './preflight.ts';
import { createProcessRunner } from './process-runner.ts';
import type { ProcessParts } from './supervised-process.ts';
import type { Watchdogs } from './watchdogs.ts';

/** Gives the pure machines hands: real processes, real probes. The actor returned has not been started. */
export function wire(
  topology: Topology,
  parts: ProcessParts & PreflightParts,
  watchdog: Watchdogs['actor'],
  inspect: (event: InspectionEvent) => void,
): Actor<OrchestratorMachine> {
  const machine = orchestratorMachine.provide({
    actors: {
      model: modelMachine.provide({
        actors: {
          runner: createProcessRunner(parts),
          probe: createHealthProbe(parts),
          watchdog,
        },
      }),
      swap: swapMachine.provide({ actors: { preflight: createPreflight(parts) } }),
    },
    actions: {
      killProcessOf: (_, { address }) => {
        if (address.startsWith('model:')) parts.ledger.kill(address.slice('model:'.length));
      },
    },
  });
  return createActor(machine, { systemId: ORCHESTRATOR_ID, id: ORCHESTRATOR_ID, input: topology, inspect });
}
