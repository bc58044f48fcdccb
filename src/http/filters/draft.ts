import { GatewayError } from '../../errors.ts';
import { buildValue } from './build-value.ts';
import { makesArray } from './json-path.ts';
import type { PathPart } from './json-path.ts';
import { MemberCursor } from './json-scan.ts';

/** One edit, seen from the container it has reached. */
export interface Step {
  /** Never empty. */
  readonly parts: readonly PathPart[];
  /** JSON text to put there, or null to delete. */
  readonly value: Buffer | null;
  /** The whole path, for people. */
  readonly path: string;
}

/** A member of an object or an element of an array, and what is to become of it. */
export interface Slot {
  readonly name: string | null;
  /** Where it lies in the source; null for a new one. */
  readonly place: Place | null;
  gone: boolean;
  /** Stands in place of the value in the source. */
  content: Buffer | null;
  /** Still to be made inside of the value. */
  readonly steps: Step[];
}

interface Place {
  /** How many members lie before it. */
  readonly ordinal: number;
  /** Behind the comma or bracket before it. */
  readonly start: number;
  readonly valueStart: number;
  readonly valueEnd: number;
  /** The comma or bracket behind it. */
  readonly separator: number;
}

/** A container with the members that edits have to do with; all of them if it is an array. */
export interface Draft {
  readonly source: Buffer;
  readonly open: number;
  readonly isObject: boolean;
  readonly slots: Slot[];
  /** The closing bracket and the number of members in the source; null if there was no need to look that far. */
  readonly end: { readonly close: number; readonly count: number } | null;
}

/** @throws GatewayError `invalid_json`, or `internal_error` for a name inside an array. */
export function draftContainer(source: Buffer, open: number, steps: readonly Step[]): Draft {
  const cursor = new MemberCursor(source, open);
  const draft = cursor.isObject
    ? scanObject(cursor, source, open, countWanted(steps))
    : scanArray(cursor, source, open, countReached(steps));
  for (const step of steps) apply(draft, step);
  return draft;
}

/** How many members of a name the steps can reach: each deletion uncovers the next one of the same name. */
function countWanted(steps: readonly Step[]): Map<string, number> {
  const wanted = new Map<string, number>();
  for (const name of new Set(steps.map(({ parts }) => parts[0]?.name ?? ''))) {
    const own = steps.filter(({ parts }) => parts[0]?.name === name);
    const deletions = own.filter(deletesHere).length;
    wanted.set(name, deletions < own.length ? deletions + 1 : deletions);
  }
  return wanted;
}

/** How many elements the steps can reach: each deletion moves the ones behind it up. */
function countReached(steps: readonly Step[]): number {
  const highest = Math.max(...steps.map(({ parts }) => parts[0]?.index ?? Infinity));
  return highest + 1 + steps.filter(deletesHere).length;
}

function deletesHere({ parts, value }: Step): boolean {
  return parts.length === 1 && value === null;
}

function scanObject(cursor: MemberCursor, source: Buffer, open: number, wanted: Map<string, number>): Draft {
  const slots: Slot[] = [];
  const longest = Math.max(...[...wanted.keys()].map((name) => name.length));
  while (cursor.next()) {
    const name = cursor.key(longest);
    const left = name === null ? undefined : wanted.get(name);
    if (name === null || left === undefined) continue;
    slots.push(slotAt(cursor, name));
    if (left > 1) wanted.set(name, left - 1);
    else wanted.delete(name);
    if (wanted.size === 0) return { source, open, isObject: true, slots, end: null };
  }
  return { source, open, isObject: true, slots, end: endOf(cursor) };
}

function scanArray(cursor: MemberCursor, source: Buffer, open: number, reached: number): Draft {
  const slots: Slot[] = [];
  while (cursor.next()) {
    slots.push(slotAt(cursor, null));
    if (slots.length >= reached) return { source, open, isObject: false, slots, end: null };
  }
  return { source, open, isObject: false, slots, end: endOf(cursor) };
}

function slotAt({ ordinal, start, valueStart, valueEnd, separator }: MemberCursor, name: string | null): Slot {
  return {
    name,
    place: { ordinal, start, valueStart, valueEnd, separator },
    gone: false,
    content: null,
    steps: [],
  };
}

function endOf({ separator, ordinal }: MemberCursor): { close: number; count: number } {
  return { close: separator, count: ordinal };
}

function apply(draft: Draft, step: Step): void {
  const [part, ...rest] = step.parts;
  if (part === undefined) return;
  const slot = draft.isObject
    ? draft.slots.find((one) => !one.gone && one.name === part.name)
    : element(draft, step, part);
  if (slot !== undefined) change(slot, rest, step);
  else if (step.value !== null) create(draft, part, buildValue(rest, step.value));
}

function change(slot: Slot, rest: readonly PathPart[], step: Step): void {
  if (rest.length > 0) {
    slot.steps.push({ ...step, parts: rest });
  } else if (step.value === null) {
    slot.gone = true;
  } else {
    slot.content = step.value;
    slot.steps.length = 0;
  }
}

function element(draft: Draft, step: Step, part: PathPart): Slot | undefined {
  const present = draft.slots.filter((slot) => !slot.gone);
  if (part.index !== null && part.index < present.length) return present[part.index];
  if (step.value === null) return part.name === '-1' && !part.forced ? present.at(-1) : undefined;
  if (makesArray(part)) return undefined;
  throw new GatewayError(
    'internal_error',
    `Error setting parameter ${step.path} in request: it meets an array, and "${part.name}" is no position in one.`,
  );
}

function create(draft: Draft, part: PathPart, content: Buffer): void {
  const missing = draft.isObject ? 0 : (part.index ?? 0) - draft.slots.filter((slot) => !slot.gone).length;
  for (let count = 0; count < missing; count += 1) draft.slots.push(newSlot(null, Buffer.from('null')));
  draft.slots.push(newSlot(draft.isObject ? part.name : null, content));
}

function newSlot(name: string | null, content: Buffer): Slot {
  return { name, place: null, gone: false, content, steps: [] };
}
