import type { IncomingMessage, RequestListener } from 'node:http';
import { echo, startUpstream } from './fake-upstream.ts';
import type { FakeUpstream } from './fake-upstream.ts';

/** A server of others: what it says of its models can change, everything else it echoes. */
export interface FakePeer extends FakeUpstream {
  readonly port: number;
  /** Questions for its models so far, with their headers. */
  readonly asked: IncomingMessage[];
  /** Other requests so far. */
  passed(): number;
  /** How it answers them from now on. */
  says(answer: unknown): void;
  answersWith(listener: RequestListener): void;
}

export async function startPeer(first: unknown): Promise<FakePeer> {
  const asked: IncomingMessage[] = [];
  let passed = 0;
  let answer: RequestListener = json(first);
  const upstream = await startUpstream((req, res) => {
    if (req.url?.endsWith('/v1/models') !== true) {
      passed += 1;
      echo(req, res);
      return;
    }
    asked.push(req);
    answer(req, res);
  });
  return {
    ...upstream,
    port: upstream.upstream.target.port,
    asked,
    passed: () => passed,
    says: (next: unknown) => void (answer = json(next)),
    answersWith: (listener: RequestListener) => void (answer = listener),
  };
}

export function json(value: unknown): RequestListener {
  return (_req, res) => res.setHeader('content-type', 'application/json').end(JSON.stringify(value));
}

/** A list of models, as most servers have it. */
export function rowsOf(...ids: string[]): object {
  return { object: 'list', data: ids.map((id) => ({ id })) };
}
