import type { Names } from '../../dispatch/names.ts';
import type { Scope } from '../access/scope.ts';
import { GatewayError } from '../../errors.ts';

/** A name from outside is shown in an error, but not a whole page of it. */
const SHOWN_CHARACTERS = 200;

export function modelNotFound(name: string): GatewayError {
  return notFound(`There is no model '${shown(name)}'. GET /v1/models lists what there is.`);
}

/**
 * The same, with what is known of names that come close to being one.
 *
 * @param scope of whoever asks: of other models it is told nothing
 */
export function unresolved(name: string, names: Names, scope: Scope | null): GatewayError {
  const offers = names.ambiguousAt(name);
  const peers = scope === null ? offers : offers.filter((peer) => scope.allows({ kind: 'peer', peer, model: name }));
  if (peers.length === 0) return modelNotFound(name);
  const ways = peers.map((peer) => `'${peer}/${shown(name)}'`).join(' or ');
  return notFound(`Several peers have a model '${shown(name)}': ask for ${ways}.`);
}

/** A name that is switched off for as long as a profile is active. */
export function pinnedOff(name: string, profile: string): GatewayError {
  return notFound(`The model '${shown(name)}' is disabled by the active profile '${profile}'.`);
}

/** There is such a model, but not for this key. */
export function modelNotAllowed(name: string): GatewayError {
  const message = `The key is not for the model '${shown(name)}'. GET /v1/models lists what it is for.`;
  return new GatewayError('model_not_allowed', message, { param: 'model' });
}

function notFound(message: string): GatewayError {
  return new GatewayError('model_not_found', message, { param: 'model' });
}

function shown(name: string): string {
  return name.length > SHOWN_CHARACTERS ? `${name.slice(0, SHOWN_CHARACTERS)}…` : name;
}
