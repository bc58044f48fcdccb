import { type Event, parseEvents, YAMLException } from 'js-yaml';

export interface ParsedEvents {
  /** What the events point into. */
  readonly text: string;
  readonly events: readonly Event[];
  /** The offset in the source for one in the text. */
  readonly originOf: (offset: number) => number;
}

/** Each costs one more look at the file. */
const MOST_INDENTED = 1_000;

/** Spaces that were put in at an offset of the text. */
interface Insertion {
  readonly at: number;
  readonly length: number;
}

const TOO_LITTLE = 'deficient indentation';
const UNCLOSED = 'a quote or a bracket before this is never closed';

/**
 * Lines within brackets and quotes are to be indented deeper than the key that they belong to. Hardly anybody writes a
 * closing bracket like that, and many a parser does not mind; so where this one does, the line is indented.
 *
 * @throws YAMLException; its position is one in the source
 */
export function parseIndented(source: string, file: string): ParsedEvents {
  const insertions: Insertion[] = [];
  let text = source;
  let firstAt: number | null = null;
  for (;;) {
    try {
      const events = parseEvents(text, { filename: file });
      return { text, events, originOf: (offset) => originOf(offset, insertions) };
    } catch (error) {
      if (!(error instanceof YAMLException) || error.mark === undefined) throw error;
      const { reason, mark } = error;
      firstAt ??= mark.position;
      if (reason !== TOO_LITTLE || insertions.length === MOST_INDENTED) {
        // What is never closed is looked for near the first line that was not indented, and not at the end of the file.
        const isOpen = insertions.length > 0 && reason.startsWith('unexpected end of the stream');
        YAMLException.throwAt(
          source,
          isOpen ? firstAt : originOf(mark.position, insertions),
          isOpen ? UNCLOSED : reason,
        );
      }
      const at = 1 + Math.max(text.lastIndexOf('\n', mark.position - 1), text.lastIndexOf('\r', mark.position - 1));
      const spaces = ' '.repeat(deepest(source) + 1);
      text = text.slice(0, at) + spaces + text.slice(at);
      insertions.push({ at, length: spaces.length });
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
