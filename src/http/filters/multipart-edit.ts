import { findMultipartField } from '../body/find-form-model.ts';
import { Pieces } from './pieces.ts';

/**
 * A multipart form with another text in each field of that name; parts that are files stay what they are. All other
 * bytes, and with them the order, headers and content types of the parts, stay as they came, and files are not copied.
 *
 * @returns Pieces to be written one after the other.
 */
export function replaceMultipartField(
  body: Buffer,
  contentType: string,
  name: string,
  value: string,
): readonly Buffer[] {
  const text = Buffer.from(value);
  const pieces = new Pieces(body);
  let at = 0;
  for (;;) {
    const field = findMultipartField(body.subarray(at), contentType, name);
    if (field === null) break;
    pieces.keep(at, at + field.start);
    pieces.put([text]);
    at += field.end;
  }
  pieces.keep(at, body.length);
  return pieces.finish();
}
