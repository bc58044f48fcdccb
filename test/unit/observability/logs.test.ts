import { describe, expect, it } from 'vitest';
import { createLogs } from '../../../src/observability/logs.ts';

describe('logs', () => {
  it('shows a model what it printed, upstream what all printed, combined everything', () => {
    const logs = createLogs('both');
    logs.writeProxy('hello\n');
    logs.sink('a')('from a\n');
    logs.sink('b')(Buffer.from('from b\n'));
    expect(logs.of('a').history()).toBe('from a\n');
    expect(logs.of('b').history()).toBe('from b\n');
    expect(logs.upstream.history()).toBe('from a\nfrom b\n');
    expect(logs.proxy.history()).toBe('hello\n');
    expect(logs.combined.history()).toBe('hello\nfrom a\nfrom b\n');
  });

  it('does not break a character that arrives in two pieces', () => {
    const logs = createLogs('both');
    const sink = logs.sink('a');
    const bytes = Buffer.from('ü\n');
    sink(bytes.subarray(0, 1));
    sink(bytes.subarray(1));
    expect(logs.of('a').history()).toBe('ü\n');
  });

  it('never mixes two sources in one line of a shared log', () => {
    const logs = createLogs('both');
    const a = logs.sink('a');
    const b = logs.sink('b');
    a('loading .');
    a('.');
    b('ready\n');
    a('.\n');
    logs.writeProxy('done\n');
    expect(logs.upstream.history()).toBe('loading ..\nready\n.\n');
    expect(logs.combined.history()).toBe('loading ..\nready\n.\ndone\n');
    expect(logs.of('a').history()).toBe('loading ...\n');
  });

  it.each([
    ['proxy', 'hello\n'],
    ['upstream', 'from a\n'],
    ['both', 'hello\nfrom a\n'],
    ['none', ''],
  ] as const)('combines what it is told to: %s', (which, combined) => {
    const logs = createLogs(which);
    logs.writeProxy('hello\n');
    logs.sink('a')('from a\n');
    expect(logs.combined.history()).toBe(combined);
    expect(logs.proxy.history()).toBe('hello\n');
    expect(logs.upstream.history()).toBe('from a\n');
  });

  it('D9: combines something else from any moment on, and ends the line that was open', () => {
    const logs = createLogs('upstream');
    const sink = logs.sink('a');
    sink('loading .');
    logs.combine('proxy');
    sink('.\n');
    logs.writeProxy('hello\n');
    expect(logs.combined.history()).toBe('loading .\nhello\n');
    expect(logs.upstream.history()).toBe('loading ..\n');
  });

  it('keeps the text of a model over its incarnations', () => {
    const logs = createLogs('both');
    logs.sink('a')('first\n');
    logs.sink('a')('second\n');
    expect(logs.of('a').history()).toBe('first\nsecond\n');
  });
});
