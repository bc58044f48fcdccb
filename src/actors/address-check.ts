import type { Failure } from '../../machines/shared/failure.ts';
import type { ModelId } from '../../machines/shared/ids.ts';
import type { Leftovers } from '../process/leftovers.ts';
import { awaitFreePort, portState } from '../process/port.ts';
import { failure } from './failures.ts';
import { addressOf, type ModelRegistry } from './model-registry.ts';

/**
 * Says why a model cannot have its address: a stranger there would be taken for the model and answer its requests.
 * What an earlier process left behind on the address is ended first.
 */
export async function addressProblem(
  model: ModelId,
  { registry, leftovers }: { registry: ModelRegistry; leftovers: Leftovers },
): Promise<Failure | null> {
  const spec = registry.spec(model);
  const { hostname, port } = spec.upstream;
  if ((await portState(hostname, port)) !== 'taken') return null;
  await leftovers.hurry();
  if ((await awaitFreePort(hostname, port)) !== 'taken') return null;
  const sister = registry.holderOf(model);
  const holder = sister === null ? 'another program' : `the model ${JSON.stringify(sister)}`;
  return failure('port_in_use', `${model} cannot start: ${addressOf(spec)} is already in use by ${holder}`);
}
