import type { Captures } from './captures.ts';
import { messageOf } from './message-of.ts';

/** Hears of the id that its entry has got, and is given the place for its capture. */
export type Stored = (id: number, captures: Captures) => void;

export interface TellOptions {
  /** Of the same store as the entries. */
  readonly captures: Captures;
  /** Hears of each entry that has been stored. */
  readonly onStored: (id: number) => void;
  readonly report: (message: string) => void;
}

/** Tells of an entry that has been stored, its own request first. Never throws: a listener that does is reported. */
export type Tell = (id: number, stored: Stored | undefined) => void;

export function createTell({ captures, onStored, report }: TellOptions): Tell {
  return (id, stored) => {
    try {
      stored?.(id, captures);
      onStored(id);
    } catch (error) {
      report(`a listener of the activity store failed: ${messageOf(error)}`);
    }
  };
}
