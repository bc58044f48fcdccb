import type { Place } from './problems.ts';

export interface Placer {
  /** The place of an offset into the text. */
  at(offset: number): Place;
}

/** Turns offsets into lines and columns, both counted from 1. */
export function createPlacer(text: string, file: string): Placer {
  const starts = [0, ...Array.from(text.matchAll(/\r\n|\n|\r/g), (match) => match.index + match[0].length)];
  return {
    at(offset) {
      let low = 0;
      let high = starts.length - 1;
      while (low < high) {
        const middle = Math.ceil((low + high) / 2);
        if ((starts[middle] ?? 0) <= offset) low = middle;
        else high = middle - 1;
      }
      return { file, line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
    },
  };
}
