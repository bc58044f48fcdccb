import { type Event, parseEvents, YAMLException } from 'js-yaml';

export interface ParsedEvents {
  /** What the events point into. */
  readonly text: string;
  readonly events: readonly Event[];
  /** The offset in the source for one in the text. */
  readonly originOf: (offset: number) => number;
}

/** Each costs one more look at the file. */
const MOST_MENDED = 1_000;

/** Spaces that were put in at an offset of the text. */
interface Insertion {
  readonly at: number;
  readonly length: number;
}

const TOO_LITTLE = 'deficient indentation';
const UNCLOSED = 'a quote or a bracket before this is never closed';

/**
 * Lines within brackets and quotes are to be indented deeper than the key that they belong to, and by spaces. Hardly
 * anybody writes a closing bracket like that, and many a parser does not mind; so where this one does, the line is
 * indented.
 *
 * @throws YAMLException; its position is one in the source
 */
export function parseIndented(source: string, file: string): ParsedEvents {
  const insertions: Insertion[] = [];
  let text = source;
  let firstAt: number | null = null;
  for (let mended = 0; ; mended += 1) {
    try {
      const events = parseEvents(text, { filename: file });
      return { text, events, originOf: (offset) => originOf(offset, insertions) };
    } catch (error) {
      if (!(error instanceof YAMLException) || error.mark === undefined) throw error;
      const { reason, mark } = error;
      const lineAt = 1 + Math.max(text.lastIndexOf('\n', mark.position - 1), text.lastIndexOf('\r', mark.position - 1));
      const before = text.slice(lineAt, mark.position);
      const tabs = /[ \t]*\t[ \t]*(?=(?:[[{] *)?$)/.exec(before);
      if (reason !== TOO_LITTLE || mended === MOST_MENDED || (before.trim() !== '' && tabs === null)) {
        // What is never closed is looked for near the first line that was not indented, and not at the end of the file.
        const isOpen = firstAt !== null && reason.startsWith('unexpected end of the stream');
        const at = isOpen ? (firstAt ?? 0) : originOf(mark.position, insertions);
        YAMLException.throwAt(source, at, isOpen ? UNCLOSED : reason);
      }
      firstAt ??= mark.position;
      if (before.trim() === '') {
        const length = deepest(source) + 1;
        text = text.slice(0, lineAt) + ' '.repeat(length) + text.slice(lineAt);
        insertions.push({ at: lineAt, length });
      } else if (tabs !== null) {
        // In the line of the key the tab is what is minded. To indent the line would make it a part of what is before.
        const at = lineAt + tabs.index;
        text = text.slice(0, at) + ' '.repeat(tabs[0].length) + text.slice(at + tabs[0].length);
      }
    }
  }
}

/** How far any line is indented. */
function deepest(source: string): number {
  return source.split(/[\r\n]/).reduce((most, line) => Math.max(most, line.search(/[^ ]|$/)), 0);
}

function originOf(offset: number, insertions: readonly Insertion[]): number {
  let inserted = 0;
  for (const { at, length } of insertions) inserted += Math.min(length, Math.max(0, offset - at));
  return offset - inserted;
}
