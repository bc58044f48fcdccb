import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { installInto } from '../kit/installed.ts';
import { assertNoProcessLeft } from '../kit/processes.ts';
import { temporaryFolder } from '../kit/temporary-folder.ts';

const folder = temporaryFolder();

beforeAll(() => void installInto(folder), 120_000);

afterAll(() => assertNoProcessLeft());

test('the integration test of docs/scripting.md runs as it is printed there', () => {
  const page = readFileSync(new URL('../../docs/scripting.md', import.meta.url), 'utf8');
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
