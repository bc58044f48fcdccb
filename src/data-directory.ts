import { accessSync, constants, lstatSync, mkdirSync, mkdtempSync } from 'node:fs';
import { homedir, tmpdir, userInfo } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

/**
 * Where the list of started processes is kept. It must outlive a gateway that is killed, and nobody else may write to
 * it: the next gateway ends the processes that it names.
 *
 * @param wanted Somebody's choice, or null.
 * @returns A directory that exists and can be used; for null there is always one.
 * @throws The file system's error when the one wanted cannot be made or written to.
 */
export function dataDirectory(wanted: string | null, env: NodeJS.ProcessEnv = process.env): string {
  if (wanted !== null) return prepare(resolve(wanted));
  for (const candidate of [stateDirectory, sharedDirectory]) {
    try {
      const directory = prepare(candidate(env));
      if (isOurs(directory)) return directory;
    } catch {
      // A read-only or missing home, as services and containers have: the next one.
    }
  }
  return mkdtempSync(join(tmpdir(), 'llama-swap-'));
}

function stateDirectory(env: NodeJS.ProcessEnv): string {
  const base = env['XDG_STATE_HOME'];
  // The specification of that variable wants a relative path ignored.
  return join(base !== undefined && isAbsolute(base) ? base : join(homedir(), '.local', 'state'), 'llama-swap');
}

function sharedDirectory(): string {
  return join(tmpdir(), `llama-swap-${process.getuid?.() ?? userInfo().username}`);
}

function prepare(directory: string): string {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK);
  return directory;
}

/** In a shared temporary directory anybody could have made it first, or may write to it. */
function isOurs(directory: string): boolean {
  const stat = lstatSync(directory);
  if (process.getuid === undefined) return stat.isDirectory();
  return stat.isDirectory() && stat.uid === process.getuid() && (stat.mode & 0o022) === 0;
}
