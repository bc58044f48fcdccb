import type { BodyCollector } from '../../activity/body-collector.ts';
import type { CaptureRoom } from './capture-room.ts';

/** A body that is kept as it passes by, as long as there is room. */
export interface KeptBody {
  push(chunk: Buffer): void;
  /** Gives the room back. @returns null when not all of it is there. */
  take(): Buffer | null;
}

/**
 * INVARIANT: what is held is taken from the room, and given back once.
 *
 * @param collector Made for a body of several chunks; the only chunk of a small answer is kept as it is.
 */
export function createKeptBody(room: CaptureRoom, collector: () => BodyCollector): KeptBody {
  let held = 0;
  let first: Buffer | null = null;
  let rest: BodyCollector | null = null;
  let isWhole = true;

  function letGo(): void {
    room.giveBack(held);
    held = 0;
    first = null;
    rest = null;
    isWhole = false;
  }

  function keep(chunk: Buffer): void {
    if (rest !== null) rest.push(chunk);
    else if (first === null) first = chunk;
    else {
      rest = collector();
      rest.push(first);
      rest.push(chunk);
      first = null;
    }
  }

  return {
    push(chunk) {
      if (!isWhole) return;
      if (room.take(chunk.length)) {
        held += chunk.length;
        keep(chunk);
      } else letGo();
    },
    take() {
      const body = isWhole ? (rest === null ? (first ?? EMPTY) : rest.read()) : null;
      letGo();
      return body;
    },
  };
}

const EMPTY = Buffer.alloc(0);
