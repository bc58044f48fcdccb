import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
// Marks what is started, so that `assertNoProcessLeft` finds it.
import './processes.ts';

const PROGRAM = fileURLToPath(new URL('../fixtures/activity/holds-lock.mjs', import.meta.url));

/**
 * Another process locks a database. Resolves when it has.
 *
 * @returns Lets go; resolves when the process is gone.
 */
export async function lockFile(
  file: string,
  mode: 'IMMEDIATE' | 'EXCLUSIVE' = 'IMMEDIATE',
): Promise<() => Promise<void>> {
  const child = spawn(process.execPath, [PROGRAM, file, mode], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [first] = (await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])) as [unknown];
  if (String(first).trim() !== 'locked') throw new Error(`${file} could not be locked: ${String(first)}`);
  return async () => {
    const gone = once(child, 'exit');
    child.stdin.end();
    await gone;
  };
}
