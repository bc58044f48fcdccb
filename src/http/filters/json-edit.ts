import { draftContainer } from './draft.ts';
import type { Step } from './draft.ts';
import { findMatches } from './json-match.ts';
import { makesArray, parsePath } from './json-path.ts';
import type { JsonPath } from './json-path.ts';
import { isContainer, startOfValue } from '../body/json-bytes.ts';
import { Pieces } from './pieces.ts';
import { renderDraft } from './render-draft.ts';

/** One change to a JSON document. */
export interface Edit {
  readonly path: JsonPath;
  /** JSON text to put there, or null to delete what is there. */
  readonly value: Buffer | null;
}

/**
 * Makes changes one after the other, in the bytes: what they do not touch keeps its form, order and precision, and of
 * several members of one name only the first is meant. The document is walked over once, up to the last place that
 * matters, and never copied.
 *
 * A new member comes last. A scalar in the way of a path becomes an object or an array; missing elements are null.
 * Patterns change what they find and create nothing; deleting by pattern has no effect. A change inside of a value that a
 * later one deletes or replaces is never made, and so cannot fail.
 *
 * @returns Pieces to be written one after the other.
 * @throws GatewayError `invalid_json`, or `internal_error` for a name inside an array.
 */
export function editJson(body: Buffer, edits: readonly Edit[]): readonly Buffer[] {
  let pieces: readonly Buffer[] = [body];
  let steps: Step[] = [];
  const settle = (): Buffer => {
    if (steps.length > 0) pieces = editContainer(whole(pieces), steps);
    steps = [];
    return whole(pieces);
  };
  for (const { path, value } of edits) {
    if (path.kind === 'plain') steps.push({ parts: path.parts, value, path: path.text });
    else if (value !== null) pieces = replaceMatches(settle(), path, value);
  }
  return steps.length > 0 ? editContainer(whole(pieces), steps) : pieces;
}

/** One `Edit` that sets a value. */
export function setValue(body: Buffer, path: string, jsonText: string): Buffer {
  return whole(editJson(body, [{ path: parsePath(path), value: Buffer.from(jsonText) }]));
}

/** One `Edit` that deletes a value. */
export function deleteValue(body: Buffer, path: string): Buffer {
  return whole(editJson(body, [{ path: parsePath(path), value: null }]));
}

function whole(pieces: readonly Buffer[]): Buffer {
  const [first] = pieces;
  return pieces.length === 1 && first !== undefined ? first : Buffer.concat(pieces);
}

function editContainer(source: Buffer, steps: readonly Step[]): readonly Buffer[] {
  const open = startOfValue(source);
  if (isContainer(source[open])) return renderDraft(draftContainer(source, open, steps), editContainer);
  const first = steps.findIndex(({ value }) => value !== null);
  const part = steps[first]?.parts[0];
  if (part === undefined) return [source];
  return editContainer(Buffer.from(makesArray(part) ? '[]' : '{}'), steps.slice(first));
}

function replaceMatches(source: Buffer, path: JsonPath & { kind: 'pattern' }, value: Buffer): readonly Buffer[] {
  const pieces = new Pieces(source);
  let at = 0;
  for (const { start, end } of findMatches(source, path.pattern)) {
    pieces.keep(at, start);
    pieces.put([value]);
    at = end;
  }
  pieces.keep(at, source.length);
  return pieces.finish();
}
