import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dataDirectory } from '../../src/data-directory.ts';

let scratch: string;
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'data-directory-'));
});
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

describe('data directory', () => {
  it('is the one asked for, made if need be', () => {
    const wanted = join(scratch, 'a', 'b');
    expect(dataDirectory(wanted)).toBe(wanted);
    expect(statSync(wanted).isDirectory()).toBe(true);
  });

  it('is not quietly another one when the one asked for cannot be used', () => {
    writeFileSync(join(scratch, 'file'), '');
    expect(() => dataDirectory(join(scratch, 'file'))).toThrow(/EEXIST|ENOTDIR/);
  });

  it('is in the state directory by default, for its owner only', () => {
    const directory = dataDirectory(null, { XDG_STATE_HOME: scratch });
    expect(directory).toBe(join(scratch, 'llama-swap'));
    expect(statSync(directory).mode & 0o777).toBe(0o700);
  });

  it('is elsewhere when the state directory cannot be used', () => {
    writeFileSync(join(scratch, 'file'), '');
    const directory = dataDirectory(null, { XDG_STATE_HOME: join(scratch, 'file') });
    expect(directory.startsWith(tmpdir())).toBe(true);
    expect(directory.startsWith(scratch)).toBe(false);
  });

  it.skipIf(process.getuid === undefined)('is never one that others may write to', () => {
    const shared = join(scratch, 'llama-swap');
    mkdirSync(shared);
    chmodSync(shared, 0o777);
    expect(dataDirectory(null, { XDG_STATE_HOME: scratch })).not.toBe(shared);
  });
});
