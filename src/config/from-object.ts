import type { KeyPath, Place, ProblemLog } from './problems.ts';
import { scalar, type Entry, type Node } from './tree.ts';

const MAX_DEPTH = 100;

/**
 * The tree of a plain object, as `parseYaml` makes it of a text. `undefined` counts as not given.
 *
 * @param place stands in for all positions
 */
export function fromObject(value: unknown, place: Place, problems: ProblemLog, path: KeyPath = []): Node {
  if (typeof value === 'string') {
    // So that '${env.TTL}' can be a number, as it would be without quotes in YAML.
    return { ...scalar(value, place), plain: /^\$\{env\.\w+\}$/.test(value) };
  }
  if (typeof value === 'number' || typeof value === 'boolean') return scalar(value, place);
  if (value === null || value === undefined) return { ...scalar('', place), value: null };
  if (path.length > MAX_DEPTH) {
    problems.error(place, [], 'the object is nested too deeply, or contains itself', 'pass plain data');
  } else if (Array.isArray(value)) {
    const items = value.map((item, index) => fromObject(item, place, problems, [...path, index]));
    return { kind: 'list', items, place };
  } else if (isPlainObject(value)) {
    const entries = new Map<string, Entry>();
    for (const [key, item] of Object.entries(value)) {
      if (key === '__proto__') problems.error(place, [...path, key], 'is not allowed as a key', 'choose another name');
      else if (item !== undefined)
        entries.set(key, { place, value: fromObject(item, place, problems, [...path, key]) });
    }
    return { kind: 'mapping', entries, merged: false, place };
  } else {
    problems.error(
      place,
      path,
      `must be plain data, not a ${typeof value}`,
      'pass text, numbers, booleans, lists and objects',
    );
  }
  return { ...scalar('', place), value: null };
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}
