import { mkdirSync, renameSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { followChanges, watchConfig } from '../../../src/cli/config-watch.ts';
import { temporaryFolder } from '../../kit/temporary-folder.ts';

const root = temporaryFolder();
let count = 0;
let folder = '';
beforeEach(() => {
  folder = join(root, String((count += 1)));
  mkdirSync(folder);
});

/** Writes a file with a time of its own, for two writes in a row may share one. */
function write(name: string, text: string, seconds = 1_000_000): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  utimesSync(path, seconds, seconds);
  return path;
}

describe('watching a file', () => {
  it('says nothing about what was there at first', async () => {
    const watch = await watchConfig({ file: write('c.yaml', 'a') });
    expect(await watch.hasChanged()).toBe(false);
  });

  it('notices another time, once', async () => {
    const file = write('c.yaml', 'a');
    const watch = await watchConfig({ file });
    utimesSync(file, 1_000_000, 1_000_001);
    expect(await watch.hasChanged()).toBe(true);
    expect(await watch.hasChanged()).toBe(false);
  });

  it('notices another size at the same time', async () => {
    const file = write('c.yaml', 'a');
    const watch = await watchConfig({ file });
    write('c.yaml', 'ab');
    expect(await watch.hasChanged()).toBe(true);
  });

  it('does not mind that it is read, or that its rights change', async () => {
    const file = write('c.yaml', 'a');
    const watch = await watchConfig({ file });
    utimesSync(file, 2_000_000, statSync(file).mtimeMs / 1000);
    expect(await watch.hasChanged()).toBe(false);
  });

  it('follows a symbolic link that is swapped, as Kubernetes does it', async () => {
    for (const [name, seconds] of [
      ['one', 1],
      ['two', 2],
    ] as const) {
      mkdirSync(join(folder, name));
      write(`${name}/c.yaml`, 'a', seconds);
    }
    symlinkSync('one', join(folder, 'data'));
    symlinkSync('data/c.yaml', join(folder, 'c.yaml'));
    const watch = await watchConfig({ file: join(folder, 'c.yaml') });
    symlinkSync('two', join(folder, 'data.new'));
    renameSync(join(folder, 'data.new'), join(folder, 'data'));
    expect(await watch.hasChanged()).toBe(true);
  });

  it('is silent when the file disappears, and notices that it is back, even if it is the same', async () => {
    const file = write('c.yaml', 'a');
    const watch = await watchConfig({ file });
    renameSync(file, `${file}.away`);
    expect(await watch.hasChanged()).toBe(false);
    expect(await watch.hasChanged()).toBe(false);
    renameSync(`${file}.away`, file);
    expect(await watch.hasChanged()).toBe(true);
  });

  it('notices a file that was not there at first', async () => {
    const watch = await watchConfig({ file: join(folder, 'c.yaml') });
    expect(await watch.hasChanged()).toBe(false);
    write('c.yaml', 'a');
    expect(await watch.hasChanged()).toBe(true);
  });
});

describe('watching a directory', () => {
  it('notices a file that is added, changed and removed', async () => {
    write('a.yaml', 'a');
    const watch = await watchConfig({ directory: folder });
    expect(await watch.hasChanged()).toBe(false);
    write('b.yml', 'b');
    expect(await watch.hasChanged()).toBe(true);
    write('b.yml', 'b', 2_000_000);
    expect(await watch.hasChanged()).toBe(true);
    write('b.yml', 'bb', 2_000_000);
    expect(await watch.hasChanged()).toBe(true);
    rmSync(join(folder, 'b.yml'));
    expect(await watch.hasChanged()).toBe(true);
    expect(await watch.hasChanged()).toBe(false);
  });

  it('does not look at what the configuration is not read from', async () => {
    write('a.yaml', 'a');
    const watch = await watchConfig({ directory: folder });
    write('notes.txt', 'x');
    write('b.YAML', 'x');
    mkdirSync(join(folder, 'sub.yaml'));
    write('sub.yaml/c.yaml', 'x');
    expect(await watch.hasChanged()).toBe(false);
  });

  it('is silent when it is emptied or gone, and notices that content is back', async () => {
    write('a.yaml', 'a');
    const watch = await watchConfig({ directory: folder });
    rmSync(join(folder, 'a.yaml'));
    expect(await watch.hasChanged()).toBe(false);
    rmSync(folder, { recursive: true });
    expect(await watch.hasChanged()).toBe(false);
    mkdirSync(folder);
    expect(await watch.hasChanged()).toBe(false);
    write('a.yaml', 'a');
    expect(await watch.hasChanged()).toBe(true);
  });

  it('with a file beside it tells of both, and is silent while one of them is away', async () => {
    const file = write('../beside.yaml', 'a');
    write('a.yaml', 'a');
    const watch = await watchConfig({ file, directory: folder });
    write('a.yaml', 'ab');
    expect(await watch.hasChanged()).toBe(true);
    rmSync(file);
    expect(await watch.hasChanged()).toBe(false);
    write('a.yaml', 'abc');
    expect(await watch.hasChanged()).toBe(true);
  });
});

describe('following changes', () => {
  it('R10: a change made while the last one is dealt with is not missed, and none is dealt with twice', async () => {
    const file = write('c.yaml', 'a');
    const ending = new AbortController();
    let inside = 0;
    let calls = 0;
    write('c.yaml', 'before the watch');
    const watch = await watchConfig({ file });
    write('c.yaml', 'first change');
    const onChange = async () => {
      inside += 1;
      expect(inside).toBe(1);
      calls += 1;
      if (calls === 1) write('c.yaml', 'second change, made meanwhile');
      else ending.abort();
      await new Promise((resolve) => void setImmediate(resolve));
      inside -= 1;
    };
    await followChanges(watch, onChange, ending.signal, 1);
    expect(calls).toBe(2);
    expect(await watch.hasChanged()).toBe(false);
  });

  it('ends at once when it is told to, in the middle of a pause', async () => {
    const watch = await watchConfig({ file: write('c.yaml', 'a') });
    const ending = new AbortController();
    const following = followChanges(watch, () => Promise.reject(new Error('no')), ending.signal, 1_000_000_000);
    ending.abort();
    await following;
  });
});
