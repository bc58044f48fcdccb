import { request } from 'node:http';

export interface Timed {
  readonly status: number;
  readonly body: string;
  /** Milliseconds from the call to the first byte of the body, and to its end. */
  readonly firstByteMs: number;
  readonly totalMs: number;
}

const SILENCE_MS = 60_000;

/** Sends one request on a connection of its own. Rejects when the connection fails, breaks or stays silent for long. */
export function timedRequest(url: string, body?: object): Promise<Timed> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const elapsed = () => performance.now() - started;
    const headers = { 'content-type': 'application/json' };
    const req = request(url, { method: body === undefined ? 'GET' : 'POST', headers, agent: false }, (res) => {
      let firstByteMs: number | null = null;
      let text = '';
      res.setEncoding('utf8').on('data', (chunk: string) => {
        firstByteMs ??= elapsed();
        text += chunk;
      });
      res.once('error', reject);
      res.once('end', () => {
        const totalMs = elapsed();
        resolve({ status: res.statusCode ?? 0, body: text, firstByteMs: firstByteMs ?? totalMs, totalMs });
      });
    });
    req.once('error', reject);
    req.setTimeout(SILENCE_MS, () => req.destroy(new Error(`${url}: nothing for ${SILENCE_MS / 1000} s`)));
    req.end(body && JSON.stringify(body));
  });
}

/** One chat request for a model, which must be answered with 200. */
export async function timedChat(url: string, model: string): Promise<Timed> {
  const messages = [{ role: 'user', content: 'Who are you?' }];
  const answer = await timedRequest(`${url}/v1/chat/completions`, { model, messages });
  if (answer.status !== 200) throw new Error(`${model}: HTTP ${answer.status}: ${answer.body}`);
  return answer;
}
