import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expandScalar, overrideMacros, type Macro } from '../../src/config/macros.ts';
import { parseConfig } from '../../src/config/load.ts';
import { ConfigError } from '../../src/config/problems.ts';
import { scalar } from '../../src/config/tree.ts';

const PLACE = { file: 'f', line: null, column: null };

interface Piece {
  readonly text?: string;
  readonly macro?: number;
}

/** Texts and references to macros by number. */
const pieces = fc.array(
  fc.oneof(
    fc.record({ text: fc.string({ unit: fc.constantFrom(...'ab $%{} &'.split('')), maxLength: 5 }) }),
    fc.record({ macro: fc.nat({ max: 9 }) }),
  ),
  { maxLength: 4 },
) as fc.Arbitrary<Piece[]>;

/** A text may not come to look like a reference by accident. */
const declarations = fc
  .array(pieces, { minLength: 1, maxLength: 8 })
  .filter((bodies) => bodies.every((body) => !/\$\{/.test(body.map((piece) => piece.text ?? '|').join(''))));

function write(body: readonly Piece[], below: number): string {
  return body.map((piece) => piece.text ?? (below === 0 ? '' : `\${m${piece.macro! % below}}`)).join('');
}

/** What a body means, with recursion in place of the order of passes. */
function meaning(bodies: readonly Piece[][], index: number): string {
  const body = bodies[index] ?? [];
  return body.map((piece) => piece.text ?? (index === 0 ? '' : meaning(bodies, piece.macro! % index))).join('');
}

function declare(bodies: readonly Piece[][]): Macro[] {
  return bodies.map((body, index) => ({ name: `m${index}`, value: scalar(write(body, index), PLACE) }));
}

describe('expansion of macros', () => {
  it('is the same as replacing each reference by the meaning of its macro', () => {
    fc.assert(
      fc.property(declarations, (bodies) => {
        const macros = declare(bodies);
        const last = bodies.length - 1;
        const text = `<\${m${last}}|\${m0}>`;
        const expanded = expandScalar(scalar(text, PLACE), macros);
        expect(expanded?.text).toBe(`<${meaning(bodies, last)}|${meaning(bodies, 0)}>`);
      }),
    );
  });

  it('leaves no reference to a declared macro, and does not touch others', () => {
    fc.assert(
      fc.property(declarations, (bodies) => {
        const text = bodies.map((_, index) => `\${m${index}} `).join('');
        const expanded = expandScalar(scalar(`${text}\${other}`, PLACE), declare(bodies))?.text ?? '';
        expect(expanded).not.toMatch(/\$\{m\d\}/);
        expect(expanded.endsWith('${other}')).toBe(true);
      }),
    );
  });

  it('keeps the type of a macro that stands alone, through any chain of names', () => {
    const value = fc.oneof(fc.integer(), fc.double({ noNaN: true }), fc.boolean());
    fc.assert(
      fc.property(value, fc.integer({ min: 1, max: 6 }), (typed, length) => {
        const chain: Macro[] = Array.from({ length }, (_, index) => ({
          name: `m${index}`,
          value: scalar(index === 0 ? typed : `\${m${index - 1}}`, PLACE),
        }));
        expect(expandScalar(scalar(`\${m${length - 1}}`, PLACE), chain)?.value).toBe(typed);
      }),
    );
  });

  it('a model macro changes the value of its name only, and never the order of the others', () => {
    const names = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), { maxLength: 6 });
    fc.assert(
      fc.property(names, names, (globalNames, ownNames) => {
        const globals = globalNames.map((name) => ({ name, value: scalar('global', PLACE) }));
        const own = ownNames.map((name) => ({ name, value: scalar('own', PLACE) }));
        const merged = overrideMacros(globals, own);
        expect(merged.map(({ name }) => name)).toEqual([
          ...globalNames,
          ...ownNames.filter((name) => !globals.some((macro) => macro.name === name)),
        ]);
        for (const { name, value } of merged)
          expect(value.text).toBe(own.some((macro) => macro.name === name) ? 'own' : 'global');
      }),
    );
  });
});

describe('the loader', () => {
  it('loads any object or refuses it with problems; nothing else ever comes out of it', async () => {
    const key = fc.constantFrom(
      'models',
      'macros',
      'profiles',
      'cmd',
      'ttl',
      'env',
      'aliases',
      'proxy',
      'a',
      'timeouts',
      'startPort',
    );
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof({ depthSize: 'small' }, tie('leaf'), tie('list'), tie('mapping')),
      leaf: fc.oneof(
        fc.constantFrom('${a}', '${PORT}', 'x ${PORT}', '${env.X}', 'http://h:1', null),
        fc.integer(),
        fc.boolean(),
      ),
      list: fc.array(tie('tree'), { maxLength: 3 }),
      mapping: fc.dictionary(key, tie('tree'), { maxKeys: 5 }),
    }));
    await fc.assert(
      fc.asyncProperty(fc.dictionary(key, tree, { maxKeys: 5 }), async (source) => {
        const error: unknown = await parseConfig(source, { env: {} }).then(
          () => null,
          (reason: unknown) => reason,
        );
        if (error === null) return;
        expect(error).toBeInstanceOf(ConfigError);
        expect((error as ConfigError).problems.some(({ severity }) => severity === 'error')).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('loads any text or refuses it with problems', async () => {
    const line = fc.constantFrom(
      'models:',
      '  a:',
      '    cmd: x ${PORT}',
      '    <<: *m',
      'x-m: &m {ttl: 1}',
      '  - b',
      '- c',
      'k: [',
      '"',
      '\t',
      '${env.X}: |',
      '? q',
      ': r',
      '!!int x',
      '--- ',
      '*m',
      '    ttl: ${a}',
      'macros: {a: 1}',
      'profiles: {p: [a]}',
      '# ${env.X}',
      '%YAML 1.2',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 8 }), async (lines) => {
        const error: unknown = await parseConfig(lines.join('\n'), { env: {} }).then(
          () => null,
          (reason: unknown) => reason,
        );
        if (error !== null) expect(error).toBeInstanceOf(ConfigError);
      }),
      { numRuns: 500 },
    );
  });
});
