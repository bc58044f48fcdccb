import { createSubscribers } from './subscribers.ts';

/** How much text a log keeps, in characters. */
const TEXT_LOG_CAPACITY = 100 * 1024;

/** Small writes are gathered into blocks of about this size, so that a byte-wise writer costs no array of bytes. */
const BLOCK = 4096;

/** The last part of an endless text, and who wants to see it grow. */
export interface TextLog {
  write(text: string): void;
  /** What is kept. After an overflow it starts at the beginning of a line. */
  history(): string;
  /** @returns Ends the subscription. A listener is called within `write`: it must hand over and return. */
  subscribe(listener: (text: string) => void): () => void;
}

/**
 * INVARIANTS
 * - `length` is the sum of the blocks and at most `capacity`.
 * - A failing listener changes neither the text nor what the others see.
 */
export function createTextLog(options: { capacity?: number; report?: (message: string) => void } = {}): TextLog {
  const capacity = options.capacity ?? TEXT_LOG_CAPACITY;
  const subscribers = createSubscribers<string>('a log', options.report ?? (() => {}));
  const blocks: string[] = [];
  let length = 0;
  let overflowed = false;

  function keep(text: string): void {
    const last = blocks.at(-1);
    if (last !== undefined && last.length + text.length <= BLOCK) blocks[blocks.length - 1] = last + text;
    else blocks.push(text);
    length += text.length;
    while (length > capacity) {
      const oldest = blocks[0] ?? '';
      const excess = length - capacity;
      // A block goes as a whole, unless it is so large that little would be left.
      const cut = oldest.length <= BLOCK ? oldest.length : Math.min(excess, oldest.length);
      if (cut === oldest.length) blocks.shift();
      else blocks[0] = oldest.slice(cut);
      length -= cut;
      overflowed = true;
    }
  }

  return {
    write(text) {
      if (text === '') return;
      keep(text);
      subscribers.tell(text);
    },
    history() {
      const text = blocks.join('');
      return overflowed ? text.slice(text.indexOf('\n') + 1) : text;
    },
    subscribe: (listener) => subscribers.add(listener),
  };
}
