import type { IncomingMessage } from 'node:http';
import type { Response } from 'express';
import type { LocatedModel } from '../body/locate-model.ts';
import type { Payload } from '../forward/flight.ts';

/** A request whose body is in memory and whose model is known by name. */
export interface Parcel {
  readonly req: IncomingMessage;
  readonly res: Response;
  readonly located: LocatedModel;
  /** Holds the body as it came in `source`, for as long as it may be needed again. */
  readonly payload: Payload;
}
