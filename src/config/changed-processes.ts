import { isDeepStrictEqual } from 'node:util';
import type { ModelId } from '../../machines/shared/ids.ts';
import type { Config, ModelConfig } from './types.ts';

/**
 * The models of both configurations whose process would be started differently by the second one. A new name, TTL, alias
 * or stop command is no reason to start anything again.
 */
export function changedProcesses(before: Config, after: Config): ModelId[] {
  return [...after.models.values()]
    .filter((model) => {
      const former = before.models.get(model.id);
      return former !== undefined && !isDeepStrictEqual(processOf(former), processOf(model));
    })
    .map(({ id }) => id);
}

function processOf({ argv, env, upstream, timeouts }: ModelConfig) {
  return { argv, env, upstream, timeouts };
}
