import { EventEmitter } from 'node:events';
import type { Response } from 'express';
import { expect, it } from 'vitest';
import { createReader } from '../../../src/http/events/reader.ts';

/** More than a reader may be behind with. */
const LARGE = 'x'.repeat(8 * 1024 * 1024);

it('a reader that has lost a frame gets none behind it, whose id would say that nothing is missing', () => {
  const written: string[] = [];
  const res = Object.assign(new EventEmitter(), { write: (text: string) => (written.push(text), false) });
  let lost = 0;
  const reader = createReader(
    res as unknown as Response,
    () => void (lost += 1),
    () => ['now;'],
  );
  for (const frame of ['first;', 'second;', LARGE, 'third;']) reader.send(frame);
  res.emit('drain');
  expect(written).toEqual(['first;', 'second;: 2 frames dropped\n\nnow;']);
  reader.send('fourth;');
  res.emit('drain');
  expect(written.at(-1)).toBe('fourth;');
  expect(lost).toBe(1);
});
