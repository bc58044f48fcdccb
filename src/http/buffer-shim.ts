import type { ClientRequest } from 'node:http';
import type { Stream } from 'node:stream';

/**
 * Lets httpxy send a body from memory: of its `buffer` option it calls `pipe(request)` once, as long as it does not
 * follow redirects. A `Readable` around the bytes would do too and cost 70 µs more per request. This reaches beyond the
 * typed contract, so a test holds httpxy to it.
 */
export function bufferShim(pieces: readonly Buffer[]): Stream {
  const shim = {
    pipe(request: ClientRequest): ClientRequest {
      const last = pieces.length - 1;
      for (let at = 0; at < last; at += 1) request.write(pieces[at]);
      request.end(pieces[last]);
      return request;
    },
  };
  return shim as unknown as Stream;
}
