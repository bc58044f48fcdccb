/** A text field and where its value lies: bytes of a body, or characters of a query. */
export interface FormField {
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

/** Part headers are a few lines; what is longer is no form. */
const MAX_PART_HEADER_BYTES = 16 * 1024;
const FIELD_NAME = /^content-disposition:\s*form-data\b(?<parameters>.*)$/im;

/** The first field of that name that is text and not a file. Only the part headers are looked at, never the files. */
export function findMultipartField(body: Buffer, contentType: string, name: string): FormField | null {
  const boundary = /\bboundary=(?:"(?<quoted>[^"]+)"|(?<plain>[^;\s]+))/i.exec(contentType)?.groups;
  const text = boundary?.['quoted'] ?? boundary?.['plain'];
  if (text === undefined) return null;
  const opening = `--${text}`;
  const closing = `\r\n${opening}`;
  let at = body.indexOf(opening);
  while (at !== -1) {
    const headerStart = at + opening.length;
    if (body.toString('latin1', headerStart, headerStart + 2) === '--') return null;
    const headerEnd = body.indexOf('\r\n\r\n', headerStart);
    if (headerEnd === -1 || headerEnd - headerStart > MAX_PART_HEADER_BYTES) return null;
    const start = headerEnd + 4;
    const end = body.indexOf(closing, start - 2);
    if (end === -1) return null;
    if (isField(body.toString('utf8', headerStart, headerEnd), name)) {
      return { value: body.toString('utf8', start, Math.max(start, end)), start, end: Math.max(start, end) };
    }
    at = end + 2;
  }
  return null;
}

function isField(header: string, name: string): boolean {
  const parameters = FIELD_NAME.exec(header)?.groups?.['parameters'] ?? '';
  if (/;\s*filename\*?=/i.test(parameters)) return false;
  const found = /;\s*name=(?:"(?<quoted>[^"]*)"|(?<plain>[^;\s]+))/i.exec(parameters)?.groups;
  return (found?.['quoted'] ?? found?.['plain']) === name;
}

/** The first `name=value` of `a=b&c=d`; offsets are those of the raw, still encoded value. */
export function findUrlEncodedField(text: string, name: string): FormField | null {
  let start = 0;
  while (start <= text.length) {
    const ampersand = text.indexOf('&', start);
    const end = ampersand === -1 ? text.length : ampersand;
    const equals = text.indexOf('=', start);
    if (equals !== -1 && equals < end && decodeForm(text.slice(start, equals)) === name) {
      return { value: decodeForm(text.slice(equals + 1, end)), start: equals + 1, end };
    }
    start = end + 1;
  }
  return null;
}

/** A malformed escape stays as it is, as browsers do it. */
export function decodeForm(text: string): string {
  const spaced = text.replaceAll('+', ' ');
  try {
    return decodeURIComponent(spaced);
  } catch {
    return spaced;
  }
}
