import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { requireOneName } from '../../../src/http/body/one-name.ts';

interface Sample {
  readonly url?: string;
  readonly type?: string;
  readonly encoding?: string;
  readonly body?: string;
}

/** Whether the name "a" is the only one that anybody could read. */
function isAlone({ url = '/v1/x', type, encoding, body = '' }: Sample): boolean {
  const req = new IncomingMessage(new Socket());
  req.url = url;
  req.headers = {
    ...(type !== undefined && { 'content-type': type }),
    ...(encoding !== undefined && { 'content-encoding': encoding }),
  };
  try {
    requireOneName(req, Buffer.from(body), 'a');
    return true;
  } catch {
    return false;
  }
}

function form(...parts: readonly (readonly [header: string, value: string])[]): Sample {
  const body = parts.map(([header, value]) => `--B\r\nContent-Disposition: form-data; ${header}\r\n\r\n${value}\r\n`);
  return { type: 'multipart/form-data; boundary=B', body: `${body.join('')}--B--\r\n` };
}

const URLENCODED = 'application/x-www-form-urlencoded; charset=utf-8';

describe('X1: requireOneName', () => {
  it.each<[string, Sample]>([
    ['JSON', { body: '{"model":"a","models":"b","x":{"model":"b"}}' }],
    ['JSON with a byte order mark', { body: '\uFEFF {"model":"a"}' }],
    ['JSON that calls itself a form', { type: URLENCODED, body: '{"model":"a","x":"1+1=2&b"}' }],
    ['escapes', { body: '{"mod\\u0065l":"\\u0061"}' }],
    ['a query', { url: '/props?x=1&model=a&y=model' }],
    ['a query and JSON', { url: '/v1/x?model=%61', body: '{"model":"a"}' }],
    ['a form', form(['name="model"', 'a'], ['name="prompt"', 'model=b'])],
    ['a form with a file of that name', form(['name="model"', 'a'], ['name="file"; filename="model"', 'b'])],
    [
      'a form with fields of similar names',
      form(['name="model"', 'a'], ['name="models"', 'b'], ['name="x-model"', 'b']),
    ],
    ['a form without it', { ...form(['name="x"', 'b']), url: '/v1/x?model=a' }],
    ['a url-encoded form', { type: URLENCODED, body: 'x=b&mode%6c=%61' }],
    ['no packing', { encoding: 'identity', body: '{"model":"a"}' }],
    ['nothing packed', { encoding: 'gzip', url: '/props?model=a' }],
  ])('X1: %s: is alone', (_what, sample) => {
    expect(isAlone(sample)).toBe(true);
  });

  it.each<[string, Sample]>([
    ['two in JSON', { body: '{"model":"a","Model":"b"}' }],
    ['two in JSON, escaped', { body: '{"model":"a","\\u004dodel":"b"}' }],
    ['JSON that goes on behind what is no JSON', { body: '{"model":"a" MODEL:"b"}' }],
    ['something that is no text', { body: '{"model":"a","MODEL":["b"]}' }],
    ['two in a query', { url: '/props?model=a&model=b' }],
    ['two in a query, escaped', { url: '/props?model=a&%6dodel=b' }],
    ['two in a query, behind a semicolon', { url: '/props?model=a;model=b' }],
    ['JSON and a query', { url: '/v1/x?model=b', body: '{"model":"a"}' }],
    ['a form and a query', { ...form(['name="model"', 'a']), url: '/v1/x?model=b' }],
    ['a query and a form', { ...form(['name="model"', 'b']), url: '/v1/x?model=a' }],
    ['two in a form', form(['name="model"', 'a'], ['name="model"', 'b'])],
    ['two in a form, spelled otherwise', form(['name="model"', 'a'], ['Name = model', 'b'])],
    ['two in a form, with a charset', form(['name="model"', 'a'], ["name*=utf-8''model", 'b'])],
    ['a file for it', { ...form(['name="model"; filename="x"', 'a']), url: '/v1/x?model=a' }],
    [
      'a form in a form',
      form(['name="model"', 'a'], ['name="x"', '\n--B\nContent-Disposition: form-data; name=model\n\nb']),
    ],
    ['two boundaries', { ...form(['name="model"', 'a']), type: 'multipart/form-data; x-boundary=C; boundary=B' }],
    ['two in a url-encoded form', { type: URLENCODED, body: 'model=a&model=b' }],
    ['JSON and a url-encoded form', { type: URLENCODED, body: '{"model":"a","x":"&model=b&"}' }],
    ['a field without a value, as a server may read it', { type: URLENCODED, body: 'model=a&model=' }],
    ['a million fields', { type: URLENCODED, body: `model=a${'&x=1'.repeat(1_000_000)}` }],
    ['a form that says it a million times', form(['name="model"', 'a'], ['name="x"', 'model'.repeat(1_000_000)])],
    ['what is packed', { encoding: 'br', body: 'model=a', type: URLENCODED }],
  ])('X1: %s: is not', (_what, sample) => {
    expect(isAlone(sample)).toBe(false);
  });
});
