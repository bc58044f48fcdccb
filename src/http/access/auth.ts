import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { AuthConfig } from '../../config/types.ts';
import { GatewayError } from '../../errors.ts';

/** @throws GatewayError `unauthorized` unless the headers hold a key of the gateway. */
export type RequireKey = (headers: IncomingHttpHeaders) => void;

/**
 * The key is the password of `Authorization: Basic`, else the token of `Authorization: Bearer`, else `x-api-key`; the
 * first that is not empty counts. It is compared with every key, as hashes of one length, so that the time this takes
 * tells nothing about the keys.
 */
export function createRequireKey({ keys }: AuthConfig): RequireKey {
  if (keys.length === 0) return () => {};
  const digests = keys.map(digestOf);
  return (headers) => {
    const digest = digestOf(keyIn(headers));
    let matches = 0;
    for (const one of digests) matches += Number(timingSafeEqual(one, digest));
    // An empty key is never valid: the configuration refuses it.
    if (matches === 0) throw new GatewayError('unauthorized', 'This needs one of the keys of the gateway.');
  };
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
