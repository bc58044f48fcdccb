import { accessSync, constants, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { KeyPath } from './problems.ts';
import type { Report } from './report.ts';

/** Whether a database can be opened there is looked at now: found at the first request it would be found too late. */
export function storePath(path: string, keyPath: KeyPath, report: Report): string | null {
  const hint = 'name a file in a directory that the gateway may write to';
  if (path.trim() === '') {
    report.error(keyPath, 'is empty', hint);
    return null;
  }
  const kind = kindOf(path);
  if (kind === 'directory') report.error(keyPath, 'is a directory', hint);
  else if (kind === 'unknown') report.error(keyPath, 'is no path that could be looked at', hint);
  else if (kind === 'file' && !isWritable(path)) report.error(keyPath, 'may not be written to', hint);
  else if (!isWritable(dirname(path))) report.error(keyPath, 'lies in a directory that cannot be written to', hint);
  return path;
}

function kindOf(path: string): 'file' | 'directory' | 'nothing' | 'unknown' {
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) return 'nothing';
    return stats.isDirectory() ? 'directory' : 'file';
  } catch {
    return 'unknown';
  }
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
