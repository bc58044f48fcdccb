import { resolve } from 'node:path';
import type { ProblemLog } from './problems.ts';
import { yamlFilesIn } from './yaml-files.ts';

/** Where a configuration comes from: a file, a directory with files, or both. */
export interface ConfigSources {
  readonly file?: string;
  readonly directory?: string;
}

/**
 * The files to read, in order: the single one first, then those of the directory by the bytes of their names. What makes
 * no sense becomes a problem.
 */
export async function configFiles({ file, directory }: ConfigSources, problems: ProblemLog): Promise<string[]> {
  if (directory === undefined) {
    if (file !== undefined) return [file];
    problems.error(nowhere(''), [], 'no configuration is named', 'use --config FILE, --config-dir DIRECTORY, or both');
    return [];
  }
  const found = await listed(directory, problems);
  if (found === null) return [];
  if (file === undefined) {
    if (found.length > 0) return found;
    const hint = 'put *.yaml or *.yml files into it';
    problems.error(nowhere(directory), [], 'no configuration sources found: the directory has no YAML files', hint);
    return [];
  }
  if (found.some((path) => resolve(path) === resolve(file))) {
    const hint = 'move it out, or leave out --config';
    problems.error(nowhere(file), [], `the file lies in ${directory}, and would be read twice`, hint);
  }
  return [file, ...found];
}

async function listed(directory: string, problems: ProblemLog): Promise<string[] | null> {
  try {
    return await yamlFilesIn(directory);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reasons: Readonly<Record<string, string>> = {
      ENOENT: 'there is no such directory',
      ENOTDIR: 'this is no directory',
      EACCES: 'the directory may not be read',
    };
    const message = reasons[code ?? ''] ?? `the directory cannot be read (${code ?? 'unknown error'})`;
    problems.error(nowhere(directory), [], message, 'check the path given with --config-dir');
    return null;
  }
}

function nowhere(file: string): { file: string; line: null; column: null } {
  return { file, line: null, column: null };
}
