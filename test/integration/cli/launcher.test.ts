import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { runProgram } from '../../kit/program.ts';

const VERSION = (
  JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string }
).version;

/** Makes node tell, each time it begins, which process it is and with which options. */
const ALOUD = ['--import', 'data:text/javascript,console.error(process.pid,process.execArgv.join(" "))'];

/** Makes node say that it is an older one. */
const AS_NODE_20 = [
  '--import',
  'data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"20.20.2"}})',
];

describe('launcher', () => {
  it('tells an old Node what is wrong in one line', async () => {
    const program = runProgram([], { node: AS_NODE_20 });
    expect(await program.ended).toBe(1);
    expect(program.stderr()).toMatch(/^llama-swap needs Node\.js 24 or newer, and this is 20\.20\.2 [^\n]*\n$/);
    expect(program.stdout()).toBe('');
  });

  it('is written in what an old Node can parse', () => {
    const text = readFileSync(new URL('../../../src/launcher.js', import.meta.url), 'utf8');
    const code = text.replaceAll(/^\s*\/\/.*$/gm, '');
    expect(code).not.toMatch(/\?\.|\?\?|\bawait\b|from 'node:|\|\|=|&&=|#\w/);
  });

  it('works from any directory', async () => {
    const program = runProgram(['--version'], { cwd: tmpdir() });
    expect(await program.ended).toBe(0);
    expect(program.stdout()).toMatch(/^version: (\S+) \(\w+\), built at \S+\n$/);
    expect(program.stdout()).toContain(`version: ${VERSION} (`);
  });
});

// Where there is no other program in the place of this one, it runs as it was started.
describe.runIf(process.platform !== 'win32')('options of V8', () => {
  it('are added, in the same process, and those before the launcher stay', async () => {
    const program = runProgram(['--version'], { node: ALOUD });
    expect(await program.ended).toBe(0);
    const [first, second, ...more] = program.stderr().trim().split('\n');
    expect(first).toBe(`${program.pid} ${ALOUD.join(' ')}`);
    expect(second).toBe(
      `${program.pid} ${ALOUD.join(' ')} --v8-pool-size=1 --max-semi-space-size=8 --no-memory-reducer`,
    );
    expect(more).toEqual([]);
    expect(program.stdout()).toMatch(/^version: /);
  });

  it.each([
    ['one of them on the command line', { node: [...ALOUD, '--v8-pool-size=2'] }],
    ['the other one there', { node: [...ALOUD, '--max-semi-space-size=16'] }],
    ['the opposite of one', { node: [...ALOUD, '--memory-reducer'] }],
    ['one in the other spelling', { node: [...ALOUD, '--max_semi_space_size=16'] }],
    ['one in NODE_OPTIONS', { node: ALOUD, env: { NODE_OPTIONS: '--v8-pool-size=2' } }],
  ])('are none where somebody has chosen %s', async (_where, options) => {
    const program = runProgram(['--version'], options);
    expect(await program.ended).toBe(0);
    expect(program.stderr().trim().split('\n')).toHaveLength(1);
  });
});

describe.runIf(process.platform !== 'win32')('what is compiled', () => {
  const temporary = mkdtempSync(join(tmpdir(), 'llama-swap-launcher-'));
  const folder = join(temporary, `llama-swap-compiled-${process.getuid?.()}`);
  const env = { TMPDIR: temporary, NODE_COMPILE_CACHE: undefined };
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  afterAll(() => rmSync(temporary, { recursive: true }));

  it('is kept in a folder of the user’s own', async () => {
    expect(await runProgram(['--version'], { env }).ended).toBe(0);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(readdirSync(folder)).toHaveLength(1);
    expect(readdirSync(temporary)).toEqual([basename(folder)]);
  });

  it('is not kept where others could put something in its place', async () => {
    mkdirSync(folder);
    chmodSync(folder, 0o777);
    expect(await runProgram(['--version'], { env }).ended).toBe(0);
    expect(readdirSync(folder)).toEqual([]);
    expect(readdirSync(temporary)).toEqual([basename(folder)]);
  });
});

describe('what the program says about itself', () => {
  it('prints its usage on request', async () => {
    const program = runProgram(['--help']);
    expect(await program.ended).toBe(0);
    expect(program.stdout()).toMatch(/^Usage: llama-swap/);
  });

  it('explains a wrong command line on standard error and ends with 2', async () => {
    const program = runProgram(['--confg', 'c.yaml']);
    expect(await program.ended).toBe(2);
    expect(program.stderr()).toMatch(/--confg[^]*Usage: llama-swap/);
    expect(program.stdout()).toBe('');
  });
});
