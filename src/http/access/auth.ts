import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { KeyConfig } from '../../config/types.ts';
import { GatewayError } from '../../errors.ts';
import type { HttpDeps } from '../deps.ts';
import type { Client } from './client.ts';
import { createScope } from './scope.ts';

/**
 * Says who asks, by the key in the headers; null when nobody is asked for one.
 *
 * @throws GatewayError `unauthorized` unless the headers hold a key of the gateway.
 */
export type Identify = (headers: IncomingHttpHeaders) => Client | null;

/**
 * The key is the password of `Authorization: Basic`, else the token of `Authorization: Bearer`, else `x-api-key`; the
 * first that is not empty counts. It is compared with every key, as hashes of one length, so that the time this takes
 * tells nothing about the keys.
 */
export function createIdentify({ config, keyLoads }: Pick<HttpDeps, 'config' | 'keyLoads'>): Identify {
  const { keys } = config.auth;
  if (keys.length === 0) return () => null;
  const clients = keys.map(toClient);
  const digests = keys.map(({ key }) => digestOf(key));
  return (headers) => {
    const digest = digestOf(keyIn(headers));
    let place = -1;
    // Each key is there once, so at most one of them adds its place.
    for (const [index, one] of digests.entries()) place += Number(timingSafeEqual(one, digest)) * (index + 1);
    const client = clients[place];
    // An empty key is never valid: the configuration refuses it.
    if (client === undefined) throw new GatewayError('unauthorized', 'This needs one of the keys of the gateway.');
    return client;
  };

  function toClient({ key, name, allowed, isAdmin, concurrencyLimit }: KeyConfig): Client {
    return {
      name,
      isAdmin,
      scope: allowed && createScope(allowed, config),
      hold(over) {
        if (concurrencyLimit !== null) keyLoads.hold(key, concurrencyLimit, over);
      },
    };
  }
}

/** '' when there is none. */
function keyIn(headers: IncomingHttpHeaders): string {
  const { authorization = '' } = headers;
  return basicPassword(authorization) || bearerToken(authorization) || String(headers['x-api-key'] ?? '');
}

function basicPassword(authorization: string): string {
  const encoded = /^basic +([\w+/]+={0,2}) *$/i.exec(authorization)?.[1];
  if (encoded === undefined) return '';
  const credentials = Buffer.from(encoded, 'base64').toString();
  const colon = credentials.indexOf(':');
  return colon === -1 ? '' : credentials.slice(colon + 1);
}

function bearerToken(authorization: string): string {
  return /^bearer +(.*)$/i.exec(authorization)?.[1]?.trim() ?? '';
}

function digestOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
