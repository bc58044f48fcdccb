import type { Phase } from '../../machines/shared/phase.ts';
import { fakeDesk, httpConfig, modelConfig, waitForAbort } from './fake-gateway.ts';
import type { FakeDesk } from './fake-gateway.ts';

/** A desk that nobody should need. */
export function noDesk(): FakeDesk {
  return fakeDesk((_destination, signal) => waitForAbort(signal));
}

/** Something of everything a route may show. */
export const sampleConfig = httpConfig(
  [
    modelConfig('qwen', {
      name: ' Qwen ',
      aliases: ['q', 'gpt-4'],
      metadata: { family: 'qwen', type: 'mine' },
      cmd: 'server --api-key sk-123 -m qwen',
      ttlMs: 90_000,
    }),
    modelConfig('author/llama'),
    modelConfig('hidden', { unlisted: true }),
  ],
  { profiles: [{ id: 'coding', members: ['qwen', 'author/llama'] }] },
);
const phases: Record<string, Phase> = { qwen: 'ready', hidden: 'health-checking' };
export const sampleBoard = {
  phaseOf: (model: string): Phase => phases[model] ?? 'stopped',
  failureOf: () => null,
  actors: () => [{ id: 'model:qwen' }],
};
