import { lastObject, parseOrNull } from './last-object.ts';
import { type Accounting, createTally, type Tally } from './usage.ts';

const ACCOUNTS = ['usage', 'timings', 'metrics'] as const;

/** Whether there can be accounts in these bytes, which are a whole answer. */
export function mayAccount(bytes: Buffer): boolean {
  return ACCOUNTS.some((name) => bytes.includes(`"${name}"`));
}

/** What is kept of an answer; `tail` is null when `head` is the whole. */
export interface Kept {
  readonly head: string;
  readonly tail: string | null;
}

/**
 * Tokens of an event stream: of its first events (Anthropic's tells the input there) and its last ones. An event that
 * was cut in two, as the last of `/v1/responses` with the whole answer in it, is searched for its accounts.
 *
 * @returns null when nothing was said.
 */
export function accountEvents({ head, tail }: Kept): Accounting | null {
  const tally = createTally();
  const lines = head.split(/\r\n|\n|\r/);
  if (tail === null) {
    for (const line of lines) addEvent(tally, line);
    return tally.total();
  }
  const [torn = '', ...later] = tail.split(/\r\n|\n|\r/);
  for (const line of lines.slice(0, -1)) addEvent(tally, line);
  addFragment(tally, lines.at(-1) ?? '');
  addFragment(tally, torn);
  for (const line of later) addEvent(tally, line);
  return tally.total();
}

/**
 * Tokens of a JSON answer.
 *
 * @param path Of the request: `/infill` answers with a list, whose last element tells.
 * @returns null when nothing was said, or it is no JSON.
 */
export function accountJson({ head, tail }: Kept, path: string): Accounting | null {
  const tally = createTally();
  if (tail === null) {
    const value = parseOrNull(head);
    tally.add(path.startsWith('/infill') && Array.isArray(value) ? value.at(-1) : value);
  } else {
    addFragment(tally, head);
    addFragment(tally, tail);
  }
  return tally.total();
}

function addEvent(tally: Tally, line: string): void {
  if (!line.startsWith('data:')) return;
  const data = line.slice('data:'.length).trim();
  // Most events carry a piece of text and nothing else; parsing them all would cost more than forwarding them.
  if (ACCOUNTS.some((name) => data.includes(`"${name}"`))) tally.add(parseOrNull(data));
}

function addFragment(tally: Tally, text: string): void {
  tally.add(Object.fromEntries(ACCOUNTS.map((name) => [name, lastObject(text, name)])));
}
