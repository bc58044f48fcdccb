import { accessSync, closeSync, constants, openSync, readSync, statSync } from 'node:fs';
import { basename, delimiter, isAbsolute, join, resolve, sep } from 'node:path';

/** Where a program is, or one sentence that says why it cannot be run. */
export type ExecutableLookup = { path: string; problem: null } | { path: null; problem: string };

/**
 * Finds what would be run for `argv[0]`: a path relative to the working directory when it has a separator, a name in
 * the gateway's own PATH otherwise. The sentence names the program only, never the rest of a command.
 */
export function findExecutable(program: string): ExecutableLookup {
  if (program === '') return { path: null, problem: 'the command is empty' };
  const name = JSON.stringify(basename(program) || program);
  if (program.includes('\0')) return { path: null, problem: 'the name of the program contains a NUL character' };

  let obstacle = 'was not found';
  for (const candidate of candidates(program)) {
    const problem = problemOf(candidate);
    if (problem === null) return { path: candidate, problem: null };
    // A name that is there but cannot be run says more than the places where it is not.
    if (problem !== 'was not found') obstacle = problem;
  }
  const where = obstacle === 'was not found' && !hasSeparator(program) ? ' in PATH' : '';
  return { path: null, problem: `the program ${name} ${obstacle}${where}` };
}

function candidates(program: string): string[] {
  const directories = hasSeparator(program)
    ? ['']
    : (process.env['PATH'] ?? '').split(delimiter).map((directory) => directory || '.');
  const endings = process.platform === 'win32' ? ['', ...(process.env['PATHEXT'] ?? '.EXE').split(';')] : [''];
  return directories.flatMap((directory) =>
    endings.map((ending) => {
      const file = program + ending;
      return isAbsolute(file) ? file : resolve(directory === '' ? file : join(directory, file));
    }),
  );
}

function hasSeparator(program: string): boolean {
  return program.includes('/') || program.includes(sep);
}

function problemOf(path: string): string | null {
  try {
    if (statSync(path).isDirectory()) return 'is a directory';
    accessSync(path, constants.X_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'EACCES' || code === 'EPERM' ? 'is not executable' : 'was not found';
  }
  return interpreterProblem(path);
}

/** A script whose interpreter is missing fails with "not found" though it is there. */
function interpreterProblem(path: string): string | null {
  if (process.platform === 'win32') return null;
  const interpreter = /^#![ \t]*(\S+)/.exec(firstBytes(path))?.[1];
  if (interpreter === undefined) return null;
  try {
    accessSync(interpreter, constants.X_OK);
    return null;
  } catch {
    return `needs ${interpreter}, which cannot be run`;
  }
}

function firstBytes(path: string): string {
  try {
    const file = openSync(path, 'r');
    try {
      const buffer = Buffer.alloc(256);
      return buffer.toString('latin1', 0, readSync(file, buffer, 0, buffer.length, 0));
    } finally {
      closeSync(file);
    }
  } catch {
    // Executable without being readable is fine.
    return '';
  }
}
