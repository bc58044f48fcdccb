/** The last part of what a process printed, kept as bytes so that a chatty process costs next to nothing. */
export interface OutputTail {
  push(chunk: Buffer): void;
  /** The last lines, oldest first; blank ones and terminal colours left out. */
  lines(count: number): string[];
}

const KEPT_BYTES = 16 * 1024;
// oxlint-disable-next-line no-control-regex -- terminal sequences start with a control character
const TERMINAL_SEQUENCES = /\u001b\[[0-9;?]*[ -/]*[@-~]|[\u0000-\u0008\u000b-\u001f\u007f]/g;

export function createOutputTail(): OutputTail {
  let chunks: Buffer[] = [];
  let bytes = 0;

  return {
    push(chunk) {
      // A view would keep the whole block alive that it was cut from.
      const piece = chunk.length > KEPT_BYTES ? Buffer.from(chunk.subarray(-KEPT_BYTES)) : chunk;
      chunks.push(piece);
      bytes += piece.length;
      if (bytes > 2 * KEPT_BYTES || chunks.length > 512) {
        const rest = Buffer.from(Buffer.concat(chunks).subarray(-KEPT_BYTES));
        chunks = [rest];
        bytes = rest.length;
      }
    },
    lines(count) {
      return Buffer.concat(chunks)
        .toString('utf8')
        .split(/\r\n|\n|\r/)
        .map((line) => line.replace(TERMINAL_SEQUENCES, '').trimEnd())
        .filter((line) => line !== '')
        .slice(-count);
    },
  };
}
