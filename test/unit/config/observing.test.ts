import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseGoDuration } from '../../../src/config/go-duration.ts';
import { temporaryFolder } from '../../kit/temporary-folder.ts';
import { errorsOf, load, warningsOf } from './load-text.ts';

describe('performance', () => {
  it.each([
    ['missing', '', { disabled: false, everyMs: 5000 }],
    ['empty', 'performance: {}', { disabled: false, everyMs: 5000 }],
    ['disabled', 'performance: {disabled: true}', { disabled: true, everyMs: 5000 }],
    ['10s', 'performance: {every: 10s}', { disabled: false, everyMs: 10_000 }],
    ['0s', 'performance: {every: 0s}', { disabled: false, everyMs: 5000 }],
    ['1m30s', 'performance: {every: 1m30s}', { disabled: false, everyMs: 90_000 }],
  ])('%s', async (_, text, performance) => {
    expect((await load(text)).config.performance).toEqual(performance);
  });

  it.each([
    ['4s', 'is shorter than 5s'],
    ['-10s', 'is shorter than 5s'],
    ['10', 'must be a duration with a unit'],
    ['0', 'must be a duration with a unit'],
    ['"15"', 'must be a duration with a unit'],
    ['5 s', 'must be a duration with a unit'],
  ])('every: %s is refused', async (every, message) => {
    expect(await errorsOf(`performance: {every: ${every}}`)).toEqual([`performance.every: ${message}`]);
    expect(await errorsOf(`performance: {disabled: true, every: ${every}}`)).toEqual([`performance.every: ${message}`]);
  });

  it('old keys without a meaning get a warning', async () => {
    expect((await warningsOf('performance: {enable: true, every: 10s}\nmodels: {a: {cmd: "x ${PORT}"}}'))[0]).toMatch(
      /^performance\.enable: is not a known key/,
    );
  });

  it.each([
    ['1.5h', 5_400_000],
    ['1h1m1s1ms', 3_661_001],
    ['500us', 0.5],
    ['-.5s', -500],
    ['s', null],
    ['', null],
    ['1', null],
  ])('parseGoDuration(%s)', (text, ms) => {
    expect(parseGoDuration(text)).toBe(ms);
  });
});

describe('activity', () => {
  it('reads sizes; what is not positive is the default, or off', async () => {
    expect((await load('metricsMaxInMemory: 7\ncaptureBuffer: 10')).config.activity).toMatchObject({
      maxInMemory: 7,
      captureBytes: 10 * 1024 * 1024,
    });
    expect((await load('metricsMaxInMemory: -1\ncaptureBuffer: -1')).config.activity).toMatchObject({
      maxInMemory: 1000,
      captureBytes: 0,
    });
  });

  it.each([
    ['defaults', '', ['X-Session-ID', 'X-Litellm-Session-Id']],
    ['trimmed, empty ones dropped, each once', '[" X-A ", "", x-a, X-B, "  "]', ['X-A', 'X-B']],
    ['an empty list', '[]', []],
    ['a macro', '["${h}"]', ['X-Mine']],
  ])('session headers: %s', async (_, list, sessionHeaders) => {
    const text = `macros: {h: X-Mine}\nui: {activity: {session_id: ${list}}}`;
    expect((await load(text)).config.activity.sessionHeaders).toEqual(sessionHeaders);
  });
});

describe('store', () => {
  it('a new file in a writable directory and an existing file are fine', async () => {
    const folder = temporaryFolder();
    const existing = join(folder, 'old.sqlite');
    await writeFile(existing, '');
    for (const path of [join(folder, 'new.sqlite'), existing]) {
      const { config } = await load({ store: { path, maxAge: 90 * 86_400, maxRows: 5 } });
      expect(config.activity).toMatchObject({
        storePath: path,
        retention: { maxAgeMs: 90 * 86_400_000, maxRows: 5 },
      });
    }
  });

  it('is in memory when absent or null', async () => {
    expect((await load('store: ~')).config.activity.storePath).toBe(null);
  });

  it('without a usable path is refused', async () => {
    const folder = temporaryFolder();
    await mkdir(join(folder, 'directory'));
    expect(await errorsOf('store: {}')).toEqual(['store.path: is missing']);
    expect(await errorsOf('store: {path: " "}')).toEqual(['store.path: is empty']);
    expect(await errorsOf({ store: { path: 'a\0b' } })).toEqual(['store.path: is no path that could be looked at']);
    expect(await errorsOf({ store: { path: join(folder, 'directory') } })).toEqual(['store.path: is a directory']);
    expect(await errorsOf({ store: { path: join(folder, 'missing', 'a.sqlite') } })).toEqual([
      'store.path: lies in a directory that cannot be written to',
    ]);
  });

  it.skipIf(process.getuid?.() === 0)('in a directory without the right to write is refused', async () => {
    const folder = temporaryFolder();
    await chmod(folder, 0o500);
    expect(await errorsOf({ store: { path: join(folder, 'a.sqlite') } })).toEqual([
      'store.path: lies in a directory that cannot be written to',
    ]);
  });
});

describe('the log', () => {
  it('goes where logToStdout says, in one of four words', async () => {
    expect((await load('logToStdout: both')).config.logToStdout).toBe('both');
    for (const word of ['Both', 'stdout', '""']) {
      expect(await errorsOf(`logToStdout: ${word}`)).toMatchObject([
        expect.stringMatching(/^logToStdout: must be one of proxy, upstream, both, none, not the text /),
      ]);
    }
  });

  it.each([
    ['RFC3339', 'rfc3339'],
    ['stampMilli', 'stampmilli'],
    ['""', null],
    ['off', null],
    ['', null],
  ])('logTimeFormat: %s', async (written, logTimeFormat) => {
    expect((await load(`logTimeFormat: ${written}`)).config.logTimeFormat).toBe(logTimeFormat);
  });

  it('an unknown logTimeFormat is off, with a warning', async () => {
    const text = 'logTimeFormat: iso\nmodels: {a: {cmd: "x ${PORT}"}}';
    expect((await load(text)).config.logTimeFormat).toBe(null);
    expect((await warningsOf(text))[0]).toMatch(/^logTimeFormat: is not one of ansic, .*stampnano, off; off is used$/);
  });

  it('includeAliasesInList is read', async () => {
    expect((await load('includeAliasesInList: yes')).config.includeAliasesInList).toBe(true);
  });
});
