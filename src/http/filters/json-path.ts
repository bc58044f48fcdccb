import { parsePattern } from './json-pattern.ts';
import type { Pattern } from './json-pattern.ts';

/** One step down into an object or an array. */
export interface PathPart {
  readonly name: string;
  /** The name as an array index, or null. */
  readonly index: number | null;
  /** Written `:name`: what is created for it is an object, whatever the name looks like. */
  readonly forced: boolean;
}

/**
 * A place in a JSON document. A plain path names one place, which may be created; a pattern (`*`, `?`, `#`, `|` or `@`
 * without a backslash in it) finds places that are there.
 */
export type JsonPath =
  | { readonly kind: 'plain'; readonly text: string; readonly parts: readonly PathPart[] }
  | { readonly kind: 'pattern'; readonly text: string; readonly pattern: Pattern };

/** Longer runs of digits are names: nobody means an array of 100 000 nulls. */
const INDEX = /^\d{1,5}$/;
const SPECIAL = /[*?#|@]/;

/**
 * Reads `a.b`, `list.0`, `list.-1` (append; the last one when deleting), `a\.b` (one name with a dot in it) and `a.:123`
 * (an object's key even though it is a number).
 *
 * @throws SyntaxError for a path that `checkPath` refuses.
 */
export function parsePath(text: string): JsonPath {
  if (text === '') throw new SyntaxError('the path is empty');
  const words = splitPath(text);
  if (words.some((word) => word.special)) return { kind: 'pattern', text, pattern: parsePattern(text) };
  return { kind: 'plain', text, parts: words.map((word) => plainPart(word.raw)) };
}

/**
 * Why a path cannot be used, in words that follow "…: ", or null. For the loader of the configuration.
 *
 * @param use A pattern can replace what is there; it cannot say what to delete.
 */
export function checkPath(text: string, use: 'set' | 'delete'): string | null {
  try {
    const path = parsePath(text);
    if (path.kind === 'plain') return null;
    if (use === 'delete') return 'only one value can be removed at a time: write \\ before each of * ? # | @';
    return path.pattern.touchesModel ? 'this would also change "model"; use useModelName for that' : null;
  } catch (error) {
    if (error instanceof SyntaxError) return error.message;
    throw error;
  }
}

/** Whether a container made for this part is an array. */
export function makesArray(part: PathPart): boolean {
  return !part.forced && (part.index !== null || part.name === '-1');
}

function splitPath(text: string): { raw: string; special: boolean }[] {
  const words = text.match(/(?:\\[^]|[^.\\]|\\$)+|(?<=^|\.)(?=\.|$)/g) ?? [];
  return words.map((raw) => ({ raw, special: SPECIAL.test(raw.replaceAll(/\\[^]/g, '')) }));
}

function plainPart(raw: string): PathPart {
  if (raw === '') throw new SyntaxError('a name is missing before or after a dot (write : for an empty one)');
  const forced = raw.startsWith(':');
  const name = (forced ? raw.slice(1) : raw).replaceAll(/\\([^]?)/g, '$1');
  return { name, index: INDEX.test(name) ? Number(name) : null, forced };
}
