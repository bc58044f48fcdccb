import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Puts the package into `node_modules` of a folder as somebody has it who installed it: built, where Node strips no types
 * and where no other package is.
 *
 * @returns Its launcher.
 */
export function installInto(folder: string): string {
  const installed = join(folder, 'node_modules', 'llama-swap');
  mkdirSync(installed, { recursive: true });
  execFileSync(join(ROOT, 'node_modules', '.bin', 'rolldown'), ['-c', '--dir', join(installed, 'dist')], { cwd: ROOT });
  cpSync(join(ROOT, 'package.json'), join(installed, 'package.json'));
  return join(installed, 'dist', 'launcher.js');
}
