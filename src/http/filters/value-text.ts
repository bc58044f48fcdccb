/**
 * A value of the configuration as the JSON text that a request gets.
 *
 * Whole numbers and floats stand in plain decimal, dates in RFC 3339, maps and lists without white space and with sorted
 * keys. Whole numbers beyond 2^53 keep their digits only as `bigint`.
 *
 * @throws TypeError for what JSON cannot say: see `checkValue`.
 */
export function valueText(value: unknown): string {
  if (typeof value === 'number') return decimal(value);
  if (typeof value === 'string') return stringText(value);
  return nested(value);
}

/** Why a value cannot be put into a request, in words that follow "…: ", or null. For the loader of the configuration. */
export function checkValue(value: unknown): string | null {
  try {
    valueText(value);
    return null;
  } catch (error) {
    if (error instanceof TypeError) return error.message;
    throw error;
  }
}

/**
 * A string on its own. `<`, `>` and `&` become escapes only where something else must be escaped or is not ASCII, as
 * users of the first llama-swap see it.
 */
export function stringText(text: string): string {
  return /^[ !#-[\]-\u007F]*$/.test(text) ? `"${text}"` : escaped(text);
}

function escaped(text: string): string {
  return JSON.stringify(text).replaceAll(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function nested(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return escaped(value);
    case 'number':
      return String(finite(value));
    case 'boolean':
    case 'bigint':
      return String(value);
    case 'object':
      if (value === null) return 'null';
      if (value instanceof Date) return dateText(value);
      if (Array.isArray(value)) return `[${value.map(nested).join(',')}]`;
      return mapText(value instanceof Map ? [...(value as Map<unknown, unknown>)] : Object.entries(value));
    default:
      throw new TypeError(`a ${typeof value} cannot be written as JSON`);
  }
}

function mapText(entries: readonly (readonly [unknown, unknown])[]): string {
  const members = entries.map(([key, value]) => {
    if (typeof key !== 'string') throw new TypeError('every key must be text: put quotes around it');
    return [Buffer.from(key), `${escaped(key)}:${nested(value)}`] as const;
  });
  // By bytes, not by UTF-16 units.
  members.sort(([one], [other]) => one.compare(other));
  return `{${members.map(([, text]) => text).join(',')}}`;
}

function dateText(date: Date): string {
  if (Number.isNaN(date.getTime())) throw new TypeError('this is no date');
  return `"${date.toISOString().replace(/\.?0*Z$/, 'Z')}"`;
}

function finite(value: number): number {
  if (!Number.isFinite(value)) throw new TypeError('JSON has no infinity and no NaN');
  return value;
}

/** Without an exponent: 1e-7 is 0.0000001. */
function decimal(value: number): string {
  const [mantissa = '', exponent] = String(finite(value)).split('e');
  if (exponent === undefined) return mantissa;
  const sign = mantissa.startsWith('-') ? '-' : '';
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.');
  const digits = whole + fraction;
  const point = whole.length + Number(exponent);
  return sign + (point <= 0 ? `0.${'0'.repeat(-point)}${digits}` : digits.padEnd(point, '0'));
}
