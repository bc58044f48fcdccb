/** What the best order of loads costs, for somebody who knows all requests in advance. */
export interface Bound {
  readonly loads: number;
  readonly totalMs: number;
}

/**
 * The least time in which clients can be served that each ask for one model after the other, when one model is loaded at
 * a time: a load costs `loadMs`, and all clients whose next requests are for the loaded model are served side by side,
 * each request for `serviceMs`. It is exact when a load costs more than a few requests. Takes memory and time for
 * (requests of a client + 1) ^ clients positions.
 */
export function fewestLoads(
  clients: readonly (readonly string[])[],
  { loadMs, serviceMs }: { readonly loadMs: number; readonly serviceMs: number },
): Bound {
  const models = [...new Set(clients.flat())];
  // A position says how many requests of each client are done, as the digits of one number.
  const strides: number[] = [];
  let positions = 1;
  for (const requests of clients) {
    strides.push(positions);
    positions *= requests.length + 1;
  }
  const totals = new Float64Array(positions).fill(Infinity);
  const loads = new Uint16Array(positions);
  totals[0] = 0;
  // Serving a request always leads to a higher number, so each position is final when it is reached.
  for (let position = 0; position < positions; position++) {
    const total = totals[position] ?? Infinity;
    if (total === Infinity) continue;
    for (const model of models) {
      let next = position;
      let longest = 0;
      for (const [i, requests] of clients.entries()) {
        const stride = strides[i] ?? 1;
        const done = Math.floor(position / stride) % (requests.length + 1);
        let served = 0;
        while (requests[done + served] === model) served++;
        next += served * stride;
        longest = Math.max(longest, served);
      }
      const cost = total + loadMs + longest * serviceMs;
      if (next === position || cost >= (totals[next] ?? 0)) continue;
      totals[next] = cost;
      loads[next] = (loads[position] ?? 0) + 1;
    }
  }
  return { loads: loads[positions - 1] ?? 0, totalMs: totals[positions - 1] ?? 0 };
}
