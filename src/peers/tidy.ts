/** Longest text that counts as a name. */
const NAME_CHARACTERS = 256;
const TEXT_CHARACTERS = 500;
const LIST_ITEMS = 64;
const OBJECT_LEVELS = 8;
const OBJECT_CHARACTERS = 4_096;

/** Control and direction marks, line ends, halves of characters: nothing that could pass for something else in a log. */
const ODD = /[\p{C}\p{Zl}\p{Zp}]/u;
const ALL_ODD = /[\p{C}\p{Zl}\p{Zp}]+/gu;

/** A value of JSON as an object, or an empty one. */
export function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}

/** A name that can be shown and asked for, or null. */
export function nameOf(value: unknown): string | null {
  if (typeof value !== 'string' || value === '' || value.length > NAME_CHARACTERS) return null;
  return ODD.test(value) || value.trim() !== value ? null : value;
}

/** Text for people on one line, cut where it gets too long; empty when it is none. */
export function textOf(value: unknown): string {
  if (typeof value !== 'string') return '';
  return value.slice(0, TEXT_CHARACTERS).replaceAll(ALL_ODD, ' ').trim();
}

/** The names in a list. */
export function namesOf(value: unknown): readonly string[] {
  if (!Array.isArray(value)) return [];
  return value.slice(0, LIST_ITEMS).flatMap((item) => nameOf(item) ?? []);
}

/** A whole number above 0, or null. */
export function countOf(value: unknown): number | null {
  return Number.isSafeInteger(value) && (value as number) > 0 ? (value as number) : null;
}

/** The object, if it is one of a few lines; otherwise an empty one. */
export function smallObjectOf(value: unknown): Readonly<Record<string, unknown>> {
  const object = objectOf(value);
  // The levels first: what is nested a thousand times cannot be written as JSON.
  return isShallow(object, OBJECT_LEVELS) && JSON.stringify(object).length <= OBJECT_CHARACTERS ? object : {};
}

function isShallow(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value).every((item) => isShallow(item, levels - 1));
}
