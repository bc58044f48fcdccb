import type { BodyCollector } from '../../activity/body-collector.ts';
import type { CaptureRoom } from './capture-room.ts';

/** A body that is kept as it passes by, as long as there is room. */
export interface KeptBody {
  push(chunk: Buffer): void;
  /** Gives the room back. @returns null when not all of it is there. */
  take(): Buffer | null;
}

export function createKeptBody(room: CaptureRoom, collector: BodyCollector): KeptBody {
  let held = 0;
  let body: BodyCollector | null = collector;
  function letGo(): void {
    room.giveBack(held);
    held = 0;
    body = null;
  }
  return {
    push(chunk) {
      if (body === null) return;
      if (room.take(chunk.length)) {
        held += chunk.length;
        body.push(chunk);
      } else letGo();
    },
    take() {
      const whole = body?.read() ?? null;
      letGo();
      return whole;
    },
  };
}
