import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { locateModel, locateModelInQuery } from '../../src/http/body/locate-model.ts';
import { byteLength, rewriteBody, rewriteUrl } from '../../src/http/body/rewrite-body.ts';

const name = fc.string({ unit: 'binary', minLength: 1 }).filter((text) => text.isWellFormed());

describe('replacing the model name in place', () => {
  it('changes a JSON object in its model only', () => {
    const property = fc.property(
      fc.dictionary(fc.string(), fc.jsonValue()),
      fc.dictionary(fc.string(), fc.jsonValue()),
      name,
      name,
      (before, after, from, to) => {
        const value = { ...before, model: from, ...after };
        value.model = from;
        const body = Buffer.from(JSON.stringify(value));
        const pieces = rewriteBody(body, locateModel('/x', '', body), to);
        const text = Buffer.concat(pieces);
        return byteLength(pieces) === text.length && text.toString() === JSON.stringify({ ...value, model: to });
      },
    );
    expect(() => fc.assert(property, { numRuns: 500 })).not.toThrow();
  });

  it('does not copy a large body', () => {
    const body = Buffer.from(`{"x":"${'x'.repeat(100_000)}","model":"a","y":1}`);
    const pieces = rewriteBody(body, locateModel('/x', '', body), 'b');
    expect(pieces).toHaveLength(3);
    expect(pieces[0]?.buffer).toBe(body.buffer);
    expect(Buffer.concat(pieces).toString()).toBe(body.toString().replace('"a"', '"b"'));
  });

  it('changes a url-encoded form and a query in their model only', () => {
    const pair = fc.tuple(fc.string(), fc.string()).filter(([key]) => key !== 'model');
    const property = fc.property(fc.array(pair), fc.array(pair), name, name, (before, after, from, to) => {
      const encode = (model: string): string =>
        [...before, ['model', model] as const, ...after].map((p) => p.map(encodeURIComponent).join('=')).join('&');
      const form = Buffer.from(encode(from));
      const inForm = locateModel('/x', 'application/x-www-form-urlencoded', form);
      const url = `/x?${encode(from)}`;
      const inQuery = locateModelInQuery(url);
      return (
        inForm.name === from &&
        Buffer.concat(rewriteBody(form, inForm, to)).toString() === encode(to) &&
        inQuery.name === from &&
        rewriteUrl(url, inQuery, to) === `/x?${encode(to)}`
      );
    });
    expect(() => fc.assert(property, { numRuns: 500 })).not.toThrow();
  });

  it('changes a multipart form in its model only, whatever the files hold', () => {
    const bytes = fc.uint8Array().map((raw) => Buffer.from(raw).toString('latin1'));
    const plain = fc.string({ minLength: 1 }).filter((text) => !/[\r\n]/.test(text));
    const property = fc.property(bytes, bytes, plain, plain, (one, two, from, to) => {
      const encode = (model: string): string =>
        `--B\r\nContent-Disposition: form-data; name="file"; filename="a"\r\nContent-Type: x/y\r\n\r\n${one}\r\n` +
        `--B\r\ncontent-disposition: form-data; name="model"\r\n\r\n${model}\r\n` +
        `--B\r\nContent-Disposition: form-data; name="mask"; filename="model"\r\n\r\n${two}\r\n--B--\r\n`;
      fc.pre(!one.includes('\r\n--B') && !two.includes('\r\n--B'));
      const body = Buffer.from(encode(from), 'latin1');
      const located = locateModel('/x', 'multipart/form-data; boundary="B"', body);
      return (
        located.name === from && Buffer.concat(rewriteBody(body, located, to)).equals(Buffer.from(encode(to), 'latin1'))
      );
    });
    expect(() => fc.assert(property, { numRuns: 500 })).not.toThrow();
  });
});
