import { GatewayError } from '../errors.ts';

/** A name from outside is shown in an error, but not a whole page of it. */
const SHOWN_CHARACTERS = 200;

export function modelNotFound(name: string): GatewayError {
  const shown = name.length > SHOWN_CHARACTERS ? `${name.slice(0, SHOWN_CHARACTERS)}…` : name;
  return new GatewayError('model_not_found', `There is no model '${shown}'. GET /v1/models lists what there is.`, {
    param: 'model',
  });
}
