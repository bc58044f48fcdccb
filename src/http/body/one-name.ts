import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../../errors.ts';
import { MemberCursor } from '../filters/json-scan.ts';
import { decodeForm, findMultipartField } from './find-form-model.ts';
import { looksLikeJson } from './find-model.ts';
import { readString, startOfValue } from './json-bytes.ts';

/** What stands before the name of a form's field in the header of its part. */
const NAMES_A_FIELD = /(?<![\w-])name\*?\s*=\s*["']?(?:[\w-]*'[\w-]*')?$/i;
const LONGEST_INTRODUCTION = 40;
const FIELD = 'model';
/** A body with more fields, or with the word in more places, is made to keep the gateway busy. */
const MOST_PLACES = 10_000;

/**
 * For a key that is not for every model. The gateway decides by the one name that it reads; a server of somebody else may
 * read another one, if there is one: in the query, in a form, under `Model`, in a part behind odd line ends. So every name
 * that anybody could take for the model's must be the same.
 *
 * @param name the one that the gateway has read
 * @throws GatewayError `bad_request`, or `invalid_json` for a body that cannot be walked through.
 */
export function requireOneName({ url = '', headers }: IncomingMessage, body: Buffer, name: string): void {
  const type = headers['content-type'] ?? '';
  const query = url.indexOf('?');
  const isSame =
    (query === -1 || fieldsAre(url.slice(query + 1), name)) &&
    (body.length === 0 || (isPlain(headers['content-encoding']) && bodyNames(body, type, name)));
  if (isSame) return;
  throw new GatewayError('bad_request', 'With this key a request must name its model once, in one way.', {
    param: 'model',
  });
}

function bodyNames(body: Buffer, type: string, name: string): boolean {
  if (/urlencoded/i.test(type) && !fieldsAre(body.toString('latin1'), name)) return false;
  if (/multipart/i.test(type) && !partsAre(body, type, name)) return false;
  return !looksLikeJson(body) || membersAre(body, name);
}

function isPlain(encoding: string | undefined): boolean {
  return encoding === undefined || encoding.toLowerCase() === 'identity';
}

/** Some servers take a semicolon for an ampersand. */
function fieldsAre(text: string, name: string): boolean {
  let places = 0;
  for (const [field] of text.matchAll(/[^&;]+/g)) {
    places += 1;
    const equals = field.indexOf('=');
    if (places > MOST_PLACES) return false;
    if (equals === -1 || decodeForm(field.slice(0, equals)) !== FIELD) continue;
    if (decodeForm(field.slice(equals + 1)) !== name) return false;
  }
  return true;
}

function partsAre(body: Buffer, type: string, name: string): boolean {
  if (type.match(/boundary/gi)?.length !== 1) return false;
  let places = 0;
  let mentions = 0;
  for (let at = body.indexOf(FIELD); at !== -1; at = body.indexOf(FIELD, at + 1)) {
    places += 1;
    if (places > MOST_PLACES) return false;
    const before = body.toString('latin1', Math.max(0, at - LONGEST_INTRODUCTION), at);
    const after = body.toString('latin1', at + FIELD.length, at + FIELD.length + 1);
    if (NAMES_A_FIELD.test(before) && /^(?:["';\s]|$)/.test(after)) mentions += 1;
  }
  return mentions === 0 || (mentions === 1 && findMultipartField(body, type, FIELD)?.value === name);
}

/** Some servers take `Model` for `model`. */
function membersAre(body: Buffer, name: string): boolean {
  const members = new MemberCursor(body, startOfValue(body));
  while (members.isObject && members.next()) {
    if (members.key(FIELD.length)?.toLowerCase() !== FIELD) continue;
    if (readString(body, members.valueStart, members.valueEnd) !== name) return false;
  }
  return true;
}
