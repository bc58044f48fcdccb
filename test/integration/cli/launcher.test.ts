import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { runProgram } from '../../kit/program.ts';

const VERSION = (
  JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string }
).version;

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
