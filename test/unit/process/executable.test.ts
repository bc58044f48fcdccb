import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { findExecutable } from '../../../src/process/executable.ts';
import { temporaryFolder } from '../../kit/temporary-folder.ts';

describe('finding a program', () => {
  const folder = temporaryFolder();
  const path = process.env['PATH'];
  afterEach(() => {
    process.env['PATH'] = path;
  });

  function file(name: string, text: string, mode: number): string {
    const place = join(folder, name);
    writeFileSync(place, text);
    chmodSync(place, mode);
    return place;
  }

  it('finds a path, and a name in PATH', () => {
    const place = file('program', '#!/bin/sh\n', 0o755);
    expect(findExecutable(place)).toEqual({ path: place, problem: null });
    process.env['PATH'] = `/nowhere:${folder}`;
    expect(findExecutable('program')).toEqual({ path: place, problem: null });
  });

  it('goes on in PATH past what cannot be run', () => {
    const first = join(folder, 'first');
    mkdirSync(first);
    mkdirSync(join(first, 'tool'));
    const place = file('tool', '', 0o755);
    process.env['PATH'] = `${first}:${folder}`;
    expect(findExecutable('tool')).toEqual({ path: place, problem: null });
  });

  it.each([
    ['', 'the command is empty'],
    ['no-such-program', 'the program "no-such-program" was not found in PATH'],
    ['/nowhere/deep/program', 'the program "program" was not found'],
    ['a\0b', 'the name of the program contains a NUL character'],
  ])('says of %j: %s', (program, problem) => {
    expect(findExecutable(program)).toEqual({ path: null, problem });
  });

  it('says that it is a directory, is not executable, or lacks its interpreter', () => {
    expect(findExecutable(folder).problem).toBe(`the program "${basename(folder)}" is a directory`);
    expect(findExecutable(file('text', 'hello', 0o644)).problem).toBe('the program "text" is not executable');
    const script = file('script', '#!/nowhere/python3 -u\n', 0o755);
    expect(findExecutable(script).problem).toBe('the program "script" needs /nowhere/python3, which cannot be run');
  });
});
