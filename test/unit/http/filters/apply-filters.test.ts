import { describe, expect, it } from 'vitest';
import type { FiltersConfig } from '../../../../src/config/types.ts';
import { applyFilters } from '../../../../src/http/filters/apply-filters.ts';
import { prepareFilters } from '../../../../src/http/filters/filter-rules.ts';
import type { FilterRules } from '../../../../src/http/filters/filter-rules.ts';

interface Source extends Partial<FiltersConfig> {
  readonly useModelName?: string;
}

function prepared({ useModelName, ...filters }: Source): FilterRules {
  return prepareFilters({ stripParams: [], setParams: {}, setParamsById: {}, ...filters }, useModelName ?? null);
}

function filtered(source: Source, body: string, asked = 'm', modelName?: string | null): string {
  const { pieces, byteLength } = applyFilters(Buffer.from(body), prepared(source), asked, modelName);
  const whole = Buffer.concat(pieces);
  expect(byteLength).toBe(whole.length);
  return whole.toString();
}

const stripped = (stripParams: string[]): string[] => prepared({ stripParams }).edits.map(({ path }) => path.text);
const settings = (setParams: Record<string, unknown>): [string, string][] =>
  prepared({ setParams }).edits.map(({ path, value }) => [path.text, String(value)]);

describe('filters made ready', () => {
  it('stripParams: in order, without model', () => {
    expect(stripped([])).toEqual([]);
    expect(stripped(['model', ':model'])).toEqual([]);
    expect(stripped(['top_p', 'model', 'a.b'])).toEqual(['a.b', 'top_p']);
  });

  it('setParams: sorted, without model, nested values', () => {
    expect(settings({})).toEqual([]);
    expect(settings({ model: 'x' })).toEqual([]);
    expect(settings({ z: 1, model: 'x', a: { c: [1], b: null } })).toEqual([
      ['a', '{"b":null,"c":[1]}'],
      ['z', '1'],
    ]);
  });

  it('setParamsByID: for the name that was asked for', () => {
    const setParamsById = { 'm:high': { reasoning_effort: 'high' }, 'm:none': {}, 'm:model': { model: 'x' } };
    expect(filtered({ setParamsById }, '{"model":"m:high"}', 'm:high')).toBe(
      '{"model":"m:high","reasoning_effort":"high"}',
    );
    for (const asked of ['m', 'm:none', 'm:model', 'other', '__proto__']) {
      expect(filtered({ setParamsById }, '{"model":"m"}', asked)).toBe('{"model":"m"}');
    }
  });

  it('says at load what cannot work', () => {
    expect(() => stripped(['a*'])).toThrow(/^a\*: only one value/);
    expect(() => settings({ 'm*': 1 })).toThrow(/^m\*: this would also change "model"/);
    expect(() => stripped(['a..b'])).toThrow(SyntaxError);
    expect(() => settings({ x: Infinity })).toThrow(TypeError);
  });
});

describe('filters on a request', () => {
  const source = {
    useModelName: 'up',
    stripParams: ['temperature'],
    setParams: { temperature: 1, top_p: 0.5 },
    setParamsById: { 'over:hi': { temperature: 2 } },
  };

  it('go in the documented order: name, strip, set, set for the name asked for', () => {
    expect(filtered(source, '{"model":"over:hi","temperature":9}', 'over:hi')).toBe(
      '{"model":"up","temperature":2,"top_p":0.5}',
    );
    expect(filtered(source, '{"model":"over","temperature":9}', 'over')).toBe(
      '{"model":"up","temperature":1,"top_p":0.5}',
    );
  });

  it('may be told another model name', () => {
    expect(filtered({}, '{"model":"profile/m"}', 'm', 'm')).toBe('{"model":"m"}');
    expect(filtered(source, '{"model":"a"}', 'a', null)).toContain('{"model":"a",');
  });

  it('leave the bytes alone when there is nothing to do', () => {
    const body = Buffer.from('no JSON at all');
    expect(applyFilters(body, prepared({}), 'm').pieces[0]).toBe(body);
  });

  it('do not make a body where there is none', () => {
    expect(filtered(source, '')).toBe('');
  });

  it('do not let model be removed or set', () => {
    const setParams = { model: 'evil', ':model': 'evil', 'model.x': 1 };
    expect(filtered({ stripParams: ['model', ':model'], setParams }, '{"model":"m"}')).toBe('{"model":"m"}');
  });

  it('keep seeds of 64 bits, the order of keys and duplicates', () => {
    const body = '{"seed":9223372036854775807,"z":1,"model":"m","z":2,"a":1.0}';
    expect(filtered({ useModelName: 'n', setParams: { a: 2 } }, body)).toBe(
      '{"seed":9223372036854775807,"z":1,"model":"n","z":2,"a":2}',
    );
  });

  it('a broken body is an error, not a body made of the parameters alone', () => {
    expect(() => filtered(source, '{"model":"m"')).toThrow(expect.objectContaining({ code: 'invalid_json' }));
  });

  it('a small body is one piece, a large one is not copied', () => {
    const rules = prepared(source);
    expect(applyFilters(Buffer.from('{"model":"m"}'), rules, 'm').pieces).toHaveLength(1);
    const large = Buffer.from(`{"model":"m","prompt":"${'x'.repeat(5_000_000)}"}`);
    const { pieces } = applyFilters(large, rules, 'm');
    expect(pieces.find((piece) => piece.length > 1000)?.buffer).toBe(large.buffer);
  });
});
