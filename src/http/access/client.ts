import type { Response } from 'express';
import type { Resolution } from '../../dispatch/names.ts';
import type { SelectorConfig } from '../../config/types.ts';
import { GatewayError } from '../../errors.ts';
import { modelNotAllowed } from '../errors/model-not-found.ts';
import type { Over } from './key-loads.ts';
import type { Scope } from './scope.ts';

/** Whoever asks, as the key tells. */
export interface Client {
  /** For people; null for a key without a name. */
  readonly name: string | null;
  readonly isAdmin: boolean;
  /** What it may use; null = everything. */
  readonly scope: Scope | null;
  /**
   * Counts a request for a model, until its response or socket has closed.
   *
   * @throws GatewayError `concurrency_limit` when the key has as many as it may.
   */
  hold(over: Over): void;
}

export function bindClient(res: Response, client: Client): void {
  res.locals['client'] = client;
}

/** null where nobody is asked for a key, or has been asked yet. */
export function clientOf({ locals }: Response): Client | null {
  return (locals['client'] as Client | undefined) ?? null;
}

/** @throws GatewayError `admin_required`. */
export function requireAdmin(client: Client | null): void {
  if (client === null || client.isAdmin) return;
  throw new GatewayError('admin_required', 'This concerns everybody: it needs a key that has admin: true.');
}

/**
 * @param name as the client calls it
 * @throws GatewayError `model_not_allowed`.
 */
export function requireAllowed(client: Client | null, found: Resolution, name: string): void {
  if (client?.scope?.allows(found) === false) throw modelNotAllowed(name);
}

/**
 * The selector with those of its targets that the client may use.
 *
 * @param name as the client calls it
 * @throws GatewayError `model_not_allowed` when there are none.
 */
export function allowedChoice(client: Client | null, selector: SelectorConfig, name: string): SelectorConfig {
  if (client === null || client.scope === null) return selector;
  const narrowed = client.scope.narrow(selector);
  if (narrowed === null) throw modelNotAllowed(name);
  return narrowed;
}
