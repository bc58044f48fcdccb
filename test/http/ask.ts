import { request } from 'node:http';
import type { Agent, ClientRequest, IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { bodyOf } from './fake-upstream.ts';

export interface Question {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
  readonly agent?: Agent;
}

export const CHAT = { method: 'POST', path: '/v1/chat/completions', body: '{"model":"alpha"}' } as const;

/** For `expect.poll`: a second is short on a machine that others use too. */
export const SOON = { timeout: 10_000, interval: 10 };

/** A request with full control over headers and connection; `fetch` hides both. */
export function begin(port: number, { method = 'GET', path = '/', headers = {}, agent }: Question): ClientRequest {
  return request({ host: '127.0.0.1', port, method, path, headers, ...(agent && { agent }) });
}

export function ask(port: number, question: Question): Promise<{ message: IncomingMessage; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const req = begin(port, question);
    req.on('error', reject);
    req.on('response', (message) => {
      bodyOf(message).then((body) => resolve({ message, body }), reject);
    });
    req.end(question.body);
  });
}

export function post(url: string, body: string | Buffer, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    body: new Uint8Array(Buffer.from(body)),
    headers: { 'content-type': 'application/json', ...headers },
  });
}

/** Sends bytes as they are, and gives what comes back until the server closes the connection. */
export function sendRaw(port: number, bytes: string | Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    const chunks: Buffer[] = [];
    socket.on('connect', () => socket.write(bytes));
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error);
    });
  });
}

export interface ErrorAnswer {
  readonly src: string;
  readonly error: { message: string; type: string; param: string | null; code: string; details?: unknown };
}

export function errorIn(body: Buffer | string): ErrorAnswer['error'] {
  const answer = JSON.parse(body.toString()) as ErrorAnswer;
  if (answer.src !== 'llama-swap') throw new Error(`not an error of the gateway: ${body.toString()}`);
  return answer.error;
}

/** Something that happens once. */
export function signal(): { done: Promise<void>; set: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { done: promise, set: resolve };
}
