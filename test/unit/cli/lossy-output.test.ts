import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { lossyOutput } from '../../../src/cli/lossy-output.ts';

describe('lossy output', () => {
  it('loses nothing while it is read', () => {
    const stream = new PassThrough({ encoding: 'utf8' });
    let text = '';
    stream.on('data', (chunk: string) => (text += chunk));
    const write = lossyOutput(stream, 10);
    for (let line = 0; line < 10_000; line += 1) write('a line\n');
    expect(text).toBe('a line\n'.repeat(10_000));
  });

  it('holds no more than its limit and one piece for a reader that stalls, and tells it what it has missed', async () => {
    const stream = new PassThrough({ encoding: 'utf8', highWaterMark: 8 });
    const write = lossyOutput(stream, 100);
    for (let line = 0; line < 1_000; line += 1) write(`${String(line).padStart(8)}é\n`);
    expect(stream.writableLength).toBeLessThan(100 + 11 + 1);
    const written = { text: '' };
    stream.on('data', (chunk: string) => (written.text += chunk));
    await once(stream, 'drain');
    write('again\n');
    stream.end();
    await once(stream, 'end');
    const [, kept = '', bytes = ''] = /^([^]*)\n— (\d+) bytes dropped —\nagain\n$/.exec(written.text) ?? [];
    expect(kept).toMatch(/^ {7}0é\n/);
    expect(Number(bytes)).toBe(1_000 * 11 - Buffer.byteLength(kept));
  });
});
