import { type LookupAddress, lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';

const LOOPBACKS: readonly LookupAddress[] = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
];

/**
 * Resolves `localhost` without asking the system, which costs a thread for every connection: IPv4 first, where most
 * model servers listen, then IPv6. Everything else goes the usual way.
 */
export const lookupUpstream: LookupFunction = (hostname, options, callback) => {
  if (hostname !== 'localhost') {
    lookup(hostname, options, callback);
    return;
  }
  const family = options.family === 'IPv4' ? 4 : options.family === 'IPv6' ? 6 : options.family;
  const addresses = LOOPBACKS.filter((entry) => !family || entry.family === family);
  const [first] = addresses;
  process.nextTick(() => {
    if (options.all) callback(null, [...addresses]);
    else callback(null, first?.address ?? '127.0.0.1', first?.family ?? 4);
  });
};
