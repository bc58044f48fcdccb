import type { ActivityRecord } from './record.ts';

/**
 * Records that most likely nobody will read, as bytes: thousands of objects that live for some seconds each would all get
 * into V8's space for old objects, and half of the memory under load would be what is left of them there.
 */
export interface RecordLog {
  /** How many there are. */
  readonly length: number;
  push(record: ActivityRecord): void;
  /** The newest of them, oldest first, and none is left. */
  take(most: number): ActivityRecord[];
}

const SMALLEST_BLOCK = 64 * 1024;

/** Records in a row, each as JSON behind its length. */
interface Block {
  bytes: Buffer;
  used: number;
  count: number;
}

/**
 * INVARIANT: of more than `keep()` records those that are kept are the newest, and never more than twice as many.
 *
 * @param keep how many records are wanted at most; 0 = all
 */
export function createRecordLog(keep: () => number): RecordLog {
  let older = emptyBlock();
  let newer = emptyBlock();

  function makeRoom(block: Block, size: number): void {
    if (block.used + size <= block.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(SMALLEST_BLOCK, block.bytes.length * 2, block.used + size));
    block.bytes.copy(larger, 0, 0, block.used);
    block.bytes = larger;
  }

  return {
    get length() {
      return older.count + newer.count;
    },
    push(record) {
      const most = keep();
      if (most > 0 && newer.count >= most) {
        [older, newer] = [newer, older];
        newer.used = 0;
        newer.count = 0;
      }
      const text = JSON.stringify(record);
      // A character takes three bytes at most.
      makeRoom(newer, 4 + text.length * 3);
      const { bytes, used } = newer;
      const length = bytes.write(text, used + 4);
      bytes.writeUInt32LE(length, used);
      newer.used = used + 4 + length;
      newer.count += 1;
    },
    take(most) {
      const records = [...recordsIn(older), ...recordsIn(newer)];
      older = emptyBlock();
      newer = emptyBlock();
      return most > 0 ? records.slice(-most) : records;
    },
  };
}

function emptyBlock(): Block {
  return { bytes: Buffer.alloc(0), used: 0, count: 0 };
}

function* recordsIn({ bytes, used }: Block): Generator<ActivityRecord> {
  for (let at = 0; at < used;) {
    const length = bytes.readUInt32LE(at);
    yield JSON.parse(bytes.toString('utf8', at + 4, at + 4 + length)) as ActivityRecord;
    at += 4 + length;
  }
}
