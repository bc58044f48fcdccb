import { GatewayError } from '../../errors.ts';
import { findMultipartField, findUrlEncodedField } from './find-form-model.ts';
import { findModel, looksLikeJson } from './find-model.ts';

/** The model a request asks for, and where that name is written, so that it can be replaced in place. */
export interface LocatedModel {
  readonly name: string;
  readonly place: 'json' | 'multipart' | 'urlencoded' | 'query';
  /** Bytes of the body, or characters of the URL when the place is the query. */
  readonly start: number;
  readonly end: number;
}

const FORM = /^(?:multipart\/form-data|application\/x-www-form-urlencoded)/;

/**
 * JSON is JSON whatever the content type says (`curl -d` calls it a form). A form that is really one may also name its
 * model in the query, and the query wins, as clients of the first llama-swap expect.
 *
 * @throws GatewayError `model_required`, `invalid_json`, or `bad_request` for a model that is not a string or named twice.
 */
export function locateModel(url: string, contentType: string, body: Buffer): LocatedModel {
  const type = contentType.toLowerCase();
  if (looksLikeJson(body) || (type.includes('json') && body.length > 0)) return inJson(body);
  const form = FORM.test(type);
  const found = inQuery(url) ?? (form ? inForm(type, contentType, body) : null);
  if (found === null && !form && body.length > 0) return inJson(body);
  if (found === null || found.name === '') throw modelRequired();
  return found;
}

/** @throws GatewayError `model_required`. */
export function locateModelInQuery(url: string): LocatedModel {
  const found = inQuery(url);
  if (found === null || found.name === '') {
    throw new GatewayError('model_required', 'Say which model is meant: add ?model=… to the URL.', { param: 'model' });
  }
  return found;
}

function inJson(body: Buffer): LocatedModel {
  const scan = findModel(body);
  switch (scan.kind) {
    case 'found':
      if (scan.model === '') throw modelRequired();
      return { name: scan.model, place: 'json', start: scan.start, end: scan.end };
    case 'missing':
      throw modelRequired();
    case 'not-a-string':
      throw new GatewayError('bad_request', 'The model must be a string.', { param: 'model' });
    case 'repeated':
      throw new GatewayError('bad_request', 'The request names its model twice.', { param: 'model' });
    case 'malformed':
      throw new GatewayError('invalid_json', `The request body is not a complete JSON object (at byte ${scan.at}).`);
  }
}

function inQuery(url: string): LocatedModel | null {
  const query = url.indexOf('?') + 1;
  if (query === 0) return null;
  const field = findUrlEncodedField(url.slice(query), 'model');
  return field && { name: field.value, place: 'query', start: query + field.start, end: query + field.end };
}

function inForm(type: string, contentType: string, body: Buffer): LocatedModel | null {
  if (type.startsWith('multipart/')) {
    const field = findMultipartField(body, contentType, 'model');
    return field && { name: field.value, place: 'multipart', start: field.start, end: field.end };
  }
  // latin1 keeps one character per byte, so that offsets in the text are offsets in the body.
  const field = findUrlEncodedField(body.toString('latin1'), 'model');
  return field && { name: field.value, place: 'urlencoded', start: field.start, end: field.end };
}

function modelRequired(): GatewayError {
  return new GatewayError(
    'model_required',
    'The request names no model: put "model" into its JSON object, its form or its query.',
    { param: 'model' },
  );
}
