import { once } from 'node:events';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { expect } from 'vitest';
import { begin, type Question, SOON } from './ask.ts';

/** An event stream that is being read. */
export interface EventReader {
  readonly message: IncomingMessage;
  readonly req: ClientRequest;
  /** Everything so far. */
  text(): string;
  /** Resolves with everything when this has come. */
  until(part: string): Promise<string>;
  /** Resolves when the server ended it; rejects when the connection was broken. */
  readonly end: Promise<string>;
}

export async function readEvents(port: number, question: Question): Promise<EventReader> {
  const req = begin(port, question);
  req.end(question.body);
  const [message] = (await once(req, 'response')) as [IncomingMessage];
  let text = '';
  message.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  const end = new Promise<string>((resolve, reject) => {
    message.once('end', () => resolve(text));
    message.once('error', reject);
    req.once('error', reject);
  });
  end.catch(() => {});
  return {
    message,
    req,
    end,
    text: () => text,
    async until(part) {
      // Not `toContain`: with megabytes of text each look would make a message of them.
      await expect.poll(() => text.includes(part), { ...SOON, message: part }).toBe(true);
      return text;
    },
  };
}

/** The `data:` of each event, parsed unless it is `[DONE]`. */
export function dataOf(text: string): unknown[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice('data:'.length).trim())
    .map((data) => (data === '[DONE]' ? data : (JSON.parse(data) as unknown)));
}

/** The frames of `/api/events`: their types with their data, both parsed. */
export function framesOf(text: string): { type: string; data: unknown }[] {
  return dataOf(text).map((frame) => {
    const { type, data } = frame as { type: string; data: string };
    return { type, data: JSON.parse(data) as unknown };
  });
}
