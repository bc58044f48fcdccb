/** Every event of a stream is this long, so that its place in a stream tells where the next one begins. */
export const EVENT_BYTES = 200;

/** How every event begins, and nothing else does. */
export const EVENT_START = 'data: {"n":';

/** A made-up token of a stream: its number, and when it was sent on the clock of `sharedNow()`. */
export interface SseEvent {
  readonly number: number;
  readonly sentMs: number;
}

export function writeEvent({ number, sentMs }: SseEvent): string {
  const figures = `${String(number).padStart(6)},"t":${sentMs.toFixed(3).padStart(16)}`;
  return `${`${EVENT_START}${figures},"choices":[{"delta":{"content":"`.padEnd(EVENT_BYTES - 7, 'x')}"}}]}\n\n`;
}

/** Reads the event that begins at the place. */
export function readEvent(text: string, at: number): SseEvent {
  return { number: Number(text.slice(at + 11, at + 17)), sentMs: Number(text.slice(at + 22, at + 38)) };
}
