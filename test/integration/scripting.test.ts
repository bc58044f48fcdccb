import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { assertNoProcessLeft } from '../kit/processes.ts';
import { temporaryFolder } from '../kit/temporary-folder.ts';

/** The package as somebody who installed it has it: built, under node_modules, where Node strips no types. */
const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = temporaryFolder();
const installed = join(folder, 'node_modules', 'llama-swap');

beforeAll(() => {
  mkdirSync(installed, { recursive: true });
  execFileSync(join(root, 'node_modules', '.bin', 'rolldown'), ['-c', '--dir', join(installed, 'dist')], { cwd: root });
  cpSync(join(root, 'package.json'), join(installed, 'package.json'));
  symlinkSync(join(root, 'node_modules'), join(installed, 'node_modules'));
}, 120_000);

afterAll(() => assertNoProcessLeft());

test('the integration test of docs/scripting.md runs as it is printed there', () => {
  const page = readFileSync(join(root, 'docs', 'scripting.md'), 'utf8');
  const [, code] = /<!-- run by test\/integration\/scripting\.test\.ts -->\s+```js\n([^]*?)```/.exec(page) ?? [];
  writeFileSync(join(folder, 'gateway.test.mjs'), code!);
  const output = execFileSync(process.execPath, ['--test', '--test-reporter=tap', 'gateway.test.mjs'], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '', NODE_TEST_CONTEXT: undefined },
  });
  expect(output).toContain('# pass 1');
  expect(output).toContain('# fail 0');
}, 60_000);

test('the built program starts and says what it is', () => {
  const launcher = join(installed, 'dist', 'launcher.js');
  const output = execFileSync(process.execPath, [launcher, '--version'], { encoding: 'utf8', cwd: folder });
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  expect(output).toContain(version);
});
