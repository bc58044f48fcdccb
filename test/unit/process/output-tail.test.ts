import { describe, expect, it } from 'vitest';
import { createOutputTail } from '../../../src/process/output-tail.ts';

describe('the tail of an output', () => {
  it('joins lines that come in pieces, also in the middle of a character', () => {
    const tail = createOutputTail();
    const bytes = Buffer.from('größe\nzwei');
    for (const byte of bytes) tail.push(Buffer.from([byte]));
    expect(tail.lines(10)).toEqual(['größe', 'zwei']);
  });

  it('gives the last lines, without blank ones, colours and progress', () => {
    const tail = createOutputTail();
    tail.push(Buffer.from('one\n\n  \n\u001b[31mtwo\u001b[0m\r\n10 %\r20 %\rdone\n'));
    expect(tail.lines(3)).toEqual(['10 %', '20 %', 'done']);
    expect(tail.lines(10)).toEqual(['one', 'two', '10 %', '20 %', 'done']);
  });

  it('keeps a bounded part of an endless output, and its end', () => {
    const tail = createOutputTail();
    for (let i = 0; i < 20_000; i++) tail.push(Buffer.from(`line ${i}\n`));
    expect(tail.lines(2)).toEqual(['line 19998', 'line 19999']);
    expect(tail.lines(Infinity).join('\n').length).toBeLessThan(64 * 1024);
    tail.push(Buffer.alloc(1_000_000, 'y'));
    expect(tail.lines(Infinity).join('').length).toBeLessThan(64 * 1024);
  });
});
