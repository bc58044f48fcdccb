import { matchesGlob, parseGlob } from './glob.ts';
import type { Operator, Pattern, PatternPart, Query } from './json-pattern.ts';
import { MemberCursor } from './json-scan.ts';
import { isContainer, startOfValue } from '../body/json-bytes.ts';

/** The bytes of a value. */
interface Span {
  readonly start: number;
  readonly end: number;
}

/** A key longer than this fits no pattern. */
const LONGEST_KEY = 1024;

/**
 * The places a pattern means, in the order of the document.
 *
 * @throws GatewayError `invalid_json`.
 */
export function findMatches(body: Buffer, pattern: Pattern): readonly Span[] {
  const found: Span[] = [];
  collect(body, { start: startOfValue(body), end: body.length }, pattern.parts, found);
  return found;
}

/** Adds what fits below a value to `found`, and says whether there was anything. */
function collect(body: Buffer, value: Span, parts: readonly PatternPart[], found: Span[]): boolean {
  const [part, ...rest] = parts;
  if (part === undefined) {
    found.push(value);
    return true;
  }
  // A `#` at the end is the number of elements, which is nowhere in the text.
  if (!isContainer(body[value.start]) || (part.kind === 'each' && rest.length === 0)) return false;
  const cursor = new MemberCursor(body, value.start);
  let any = false;
  while (cursor.next()) {
    const inner = { start: cursor.valueStart, end: cursor.valueEnd };
    if (!fits(body, cursor, inner, part)) continue;
    const leadsOn = collect(body, inner, rest, found);
    if (part.kind === 'query' && !part.all) return leadsOn;
    if (part.kind === 'key' && leadsOn) return true;
    any ||= leadsOn;
  }
  return any;
}

function fits(body: Buffer, cursor: MemberCursor, inner: Span, part: PatternPart): boolean {
  switch (part.kind) {
    case 'key': {
      if (!cursor.isObject) return part.index === cursor.ordinal;
      const key = cursor.key(LONGEST_KEY);
      return key !== null && matchesGlob(part.glob, key);
    }
    case 'each':
      return !cursor.isObject;
    case 'query':
      return !cursor.isObject && holds(body, inner, part.query);
    case 'nothing':
      return false;
  }
}

function holds(body: Buffer, element: Span, query: Query): boolean {
  const found: Span[] = [];
  collect(body, element, query.parts, found);
  const [first] = found;
  if (first === undefined) return false;
  if (query.operator === 'exists') return true;
  const value = readScalar(body.toString('utf8', first.start, first.end));
  switch (typeof value) {
    case 'string':
      return compare(value, query.operand, query.operator);
    case 'number':
      return compare(value, Number.parseFloat(query.operand) || 0, query.operator);
    case 'boolean':
      return query.operator === '=' || query.operator === '!='
        ? compare(String(value), query.operand, query.operator)
        : false;
    default:
      return false;
  }
}

/** Undefined for what no query compares: null, objects and arrays. */
function readScalar(text: string): unknown {
  if (text.startsWith('{') || text.startsWith('[')) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function compare<T extends string | number>(value: T, operand: T, operator: Operator): boolean {
  switch (operator) {
    case '=':
      return value === operand;
    case '!=':
      return value !== operand;
    case '<':
      return value < operand;
    case '<=':
      return value <= operand;
    case '>':
      return value > operand;
    case '>=':
      return value >= operand;
    case '%':
      return typeof value === 'string' && matchesGlob(parseGlob(String(operand)), value);
    case '!%':
      return typeof value === 'string' && !matchesGlob(parseGlob(String(operand)), value);
    case 'exists':
      return true;
  }
}
