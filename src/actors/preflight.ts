import { fromPromise } from 'xstate';
import type { ModelId } from '../../machines/shared/ids.ts';
import type { PreflightInput, PreflightResult } from '../../machines/swap/types.ts';
import { findExecutable } from '../process/executable.ts';
import type { Leftovers } from '../process/leftovers.ts';
import type { ActorLog } from './actor-log.ts';
import { addressProblem } from './address-check.ts';
import { failure } from './failures.ts';
import { addressOf, type LaunchSpec, type ModelRegistry, sameAddress } from './model-registry.ts';

export interface PreflightParts {
  readonly registry: ModelRegistry;
  readonly leftovers: Leftovers;
  readonly log: ActorLog;
  /** Gives a model that does not run another port than the taken one, if its own is not written; says whether it has. */
  readonly relocate: (model: ModelId, taken: number) => Promise<boolean>;
}

/**
 * Finds what can be known to fail without starting anything, so that a typo does not cost the model that is warm, and
 * moves a model whose port somebody else has taken, where that can be done.
 * Resolves with the first reason, or null. It never rejects: what it cannot find out, the start will.
 */
export function createPreflight(parts: PreflightParts) {
  return fromPromise<PreflightResult, PreflightInput>(async ({ input }) => {
    try {
      for (const model of input.loads) {
        const problem = await problemOf(model, input, parts);
        if (problem) return problem;
      }
    } catch (error) {
      parts.log.error(`the preflight broke: ${(error as Error).message}`);
    }
    return null;
  });
}

async function problemOf(model: ModelId, input: PreflightInput, parts: PreflightParts): Promise<PreflightResult> {
  const { registry, relocate } = parts;
  if (registry.current(model) !== null && !input.leaves.includes(model)) return null;

  const spec = registry.spec(model);
  const { problem } = findExecutable(spec.argv[0] ?? '');
  if (problem !== null) return failure('spawn_failed', `${model} cannot start: ${problem}`);

  const twin = input.loads.find((other) => other !== model && sameAddress(registry.spec(other), spec));
  if (twin !== undefined) {
    const both = `${model} and ${twin} cannot run together`;
    return failure('port_in_use', `${both}: both listen at ${addressOf(spec)}`);
  }

  const frees = input.leaves.some(
    (leaver) => registry.current(leaver) && sameAddress(registry.runningSpec(leaver), spec),
  );
  const taken = frees ? null : await addressProblem(model, parts);
  if (taken === null || mayHaveSurvived(spec, registry)) return taken;
  return (await relocate(model, spec.upstream.port)) ? null : taken;
}

/** Whether the model's own container may be what listens: another one beside it would need its memory once more. */
function mayHaveSurvived({ id, isContainer, upstream }: LaunchSpec, registry: ModelRegistry): boolean {
  return isContainer && registry.lastPort(id) === upstream.port;
}
