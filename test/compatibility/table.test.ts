import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { INFERENCE_PATHS, MODEL_QUERY_PATHS } from '../../src/http/inference-paths.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PAGE = readFileSync(`${ROOT}docs/compatibility.md`, 'utf8');
const CODE_SPAN = /(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)/g;
const TEST_REFERENCE = /^([\w-]+(?:\/[\w.-]+)+): (.+)$/;
const TITLE = /(?:\b(?:describe|it|test)(?:\.\w+)*(?:<[^(]*>)?|\))\(\s*(['"`])((?:\\.|(?!\1).)*)\1/gs;

interface Reference {
  readonly file: string;
  readonly title: string;
}

function codeSpans(markdown: string): string[] {
  return [...markdown.matchAll(CODE_SPAN)].map(([, , text = '']) => text.trim().replaceAll('\\|', '|'));
}

function references(): Reference[] {
  return codeSpans(PAGE).flatMap((span) => {
    const [, file, title] = TEST_REFERENCE.exec(span) ?? [];
    return file === undefined || title === undefined ? [] : [{ file, title }];
  });
}

/** The names of the tests of a file and of their groups, as they stand in it. */
function titlesIn(file: string): Set<string> {
  const path = `${ROOT}test/${file}.test.ts`;
  if (!existsSync(path)) return new Set();
  const source = readFileSync(path, 'utf8');
  return new Set([...source.matchAll(TITLE)].map(([, , title = '']) => title.replaceAll(/\\(.)/gs, '$1')));
}

/** Every key of the schema: `models.*.ttl` is `ttl`. */
function keysOf(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  if (Array.isArray(schema)) return schema.flatMap(keysOf);
  return Object.entries(schema).flatMap(([word, value]) => {
    const own = word === 'properties' && typeof value === 'object' && value !== null ? Object.keys(value) : [];
    // What is in `examples` are values, not keys.
    return word === 'examples' || word === 'default' ? [] : [...own, ...keysOf(value)];
  });
}

describe('docs/compatibility.md', () => {
  it('names tests that exist', () => {
    const all = references();
    expect(all.length).toBeGreaterThan(400);
    const titles = new Map([...new Set(all.map(({ file }) => file))].map((file) => [file, titlesIn(file)]));
    const missing = all.filter(({ file, title }) => titles.get(file)?.has(title) !== true);
    expect(missing).toEqual([]);
  });

  it('has a test, or the words "not yet", in the last cell of every row', () => {
    const [, afterNotYet = ''] = PAGE.split('## Deliberate differences');
    const rows = afterNotYet.split('\n').filter((line) => line.startsWith('|') && !/^\|[\s|:-]+$/.test(line));
    const bare = rows.filter((line) => {
      const last = line.split(/(?<!\\)\|/).at(-2) ?? '';
      return !/^(?:test|not yet)$/.test(last.trim()) && !codeSpans(last).some((span) => TEST_REFERENCE.test(span));
    });
    expect(rows.length).toBeGreaterThan(150);
    expect(bare).toEqual([]);
  });

  it('has every key of the configuration', () => {
    const schema: unknown = JSON.parse(readFileSync(`${ROOT}config.schema.json`, 'utf8'));
    const written = codeSpans(PAGE).filter((span) => !TEST_REFERENCE.test(span));
    const words = new Set(written.flatMap((span) => span.split(/\W+/)));
    const keys = [...new Set(keysOf(schema))];
    expect(keys.length).toBeGreaterThan(80);
    expect(keys.filter((key) => !words.has(key))).toEqual([]);
  });

  it('has every route', () => {
    const app = readFileSync(`${ROOT}src/http/app.ts`, 'utf8');
    const mounted = [...app.matchAll(/(?:path: |app\.use\()'(\/[^']*)'/g)].map(([, path = '']) => path);
    expect(mounted.length).toBeGreaterThan(25);
    const spans = new Set(
      codeSpans(PAGE).flatMap((span) => {
        const [, path] = /^(?:(?:GET|POST|PUT|ANY) )?(\/.*)$/.exec(span) ?? [];
        return path === undefined ? [] : [path.replace(/<[^>]*>.*$|…$/, '').replace(/(?<=.)\/$/, '')];
      }),
    );
    const missing = [...INFERENCE_PATHS, ...MODEL_QUERY_PATHS, ...mounted].filter(
      (path) => !spans.has(path.replace(/:\w+.*$/, '').replace(/(?<=.)\/$/, '')),
    );
    expect(missing).toEqual([]);
  });
});
