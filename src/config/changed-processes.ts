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
      return former !== undefined && !startsAlike(former, model);
    })
    .map(({ id }) => id);
}

/** What shapes a process and the connections to it. */
type Start = Pick<ModelConfig, 'argv' | 'env' | 'upstream' | 'timeouts'>;

/** Whether two definitions of a model start the same process. */
export function startsAlike(one: Start, other: Start): boolean {
  return isDeepStrictEqual(startOf(one), startOf(other));
}

function startOf({ argv, env, upstream, timeouts }: Start): Start {
  return { argv, env, upstream, timeouts };
}
