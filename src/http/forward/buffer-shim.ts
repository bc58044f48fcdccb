import type { ClientRequest } from 'node:http';
import type { Stream } from 'node:stream';
import { writeTogether } from '../../write-together.ts';

/**
 * Lets httpxy send a body from memory: of its `buffer` option it calls `pipe(request)` once, as long as it does not
 * follow redirects. A `Readable` around the bytes would do too and cost 70 µs more per request. This reaches beyond the
 * typed contract, so a test holds httpxy to it.
 */
export function bufferShim(pieces: readonly Buffer[]): Stream {
  // httpxy keeps its options for as long as the answer takes; the bytes must not stay with them.
  let unsent = pieces;
  const shim = {
    pipe(request: ClientRequest): ClientRequest {
      writeTogether(() => {
        const last = unsent.length - 1;
        for (let at = 0; at < last; at += 1) request.write(unsent[at]);
        request.end(unsent[last]);
        unsent = [];
      });
      return request;
    },
  };
  return shim as unknown as Stream;
}
