import { request } from 'node:http';
import { sharedNow } from './machine.ts';
import { MODEL } from './wrk.ts';

/** When the crowd's answers came, on the clock of `sharedNow()`. */
export interface CrowdFigures {
  readonly firstMs: number;
  readonly medianMs: number;
  readonly lastMs: number;
  /** Answers other than 200, and connections that failed. */
  readonly failed: number;
}

/** Requests that are being connected at the same time: a listener's backlog is finite. */
const AT_ONCE = 100;

/**
 * Sends many requests, each on a connection of its own, and waits for all answers. Arguments: the gateway's URL, how many.
 * Tells its parent `sent` when all are on their way, and its figures in the end.
 */
const [, , url = '', count = '0'] = process.argv;
const answeredMs: number[] = [];
let failed = 0;
let left = Number(count);
let unsent = Number(count);

function settle(isFine: boolean): void {
  if (isFine) answeredMs.push(sharedNow());
  else failed++;
  if (--left > 0) return;
  const [firstMs = NaN] = answeredMs;
  const medianMs = answeredMs[Math.floor(answeredMs.length / 2)] ?? NaN;
  process.send?.({ firstMs, medianMs, lastMs: answeredMs.at(-1) ?? NaN, failed } satisfies CrowdFigures);
  process.disconnect();
}

let begun = 0;
function sendNext(): void {
  if (begun === Number(count)) return;
  begun++;
  const headers = { 'content-type': 'application/json' };
  const req = request(`${url}/v1/chat/completions`, { method: 'POST', headers, agent: false }, (res) => {
    res.resume();
    res.once('error', () => settle(false));
    res.once('end', () => settle(res.statusCode === 200));
  });
  req.once('error', () => settle(false));
  req.once('finish', () => {
    sendNext();
    if (--unsent === 0) process.send?.('sent');
  });
  req.end(JSON.stringify({ model: MODEL, messages: [{ role: 'user', content: 'Who are you?' }] }));
}
for (let i = 0; i < AT_ONCE; i++) sendNext();
