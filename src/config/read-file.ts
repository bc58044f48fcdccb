import { readFile } from 'node:fs/promises';
import type { ProblemLog } from './problems.ts';

const REASONS: Readonly<Record<string, [message: string, hint: string]>> = {
  ENOENT: ['there is no such file', 'check the path given with --config'],
  EACCES: ['the file may not be read', 'give the gateway the right to read it'],
  EISDIR: ['this is a directory', 'name a YAML file'],
};

/** Reads a text file in UTF-8, or in UTF-16 with a byte order mark. Null when that cannot be done. */
export async function readTextFile(file: string, problems: ProblemLog): Promise<string | null> {
  const place = { file, line: null, column: null };
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    const [message, hint] = REASONS[code] ?? [`the file cannot be read (${code})`, 'check the file'];
    problems.error(place, [], message, hint);
    return null;
  }
  try {
    return new TextDecoder(encodingOf(bytes), { fatal: true }).decode(bytes);
  } catch {
    problems.error(place, [], 'the file is not text in UTF-8', 'save it as UTF-8');
    return null;
  }
}

function encodingOf(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  return 'utf-8';
}
