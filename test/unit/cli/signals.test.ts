import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { catchSignals } from '../../../src/cli/signals.ts';

describe('signals', () => {
  it('tells the first from the second, whichever they are', async () => {
    const source = new EventEmitter();
    const signals = catchSignals(false, source);
    source.emit('SIGTERM', 'SIGTERM');
    source.emit('SIGINT', 'SIGINT');
    expect(await Promise.all([signals.first, signals.second])).toEqual(['SIGTERM', 'SIGINT']);
  });

  it('a closed terminal ends the program', async () => {
    const source = new EventEmitter();
    const signals = catchSignals(true, source);
    source.emit('SIGHUP', 'SIGHUP');
    expect(await signals.first).toBe('SIGHUP');
  });

  it('without a terminal SIGHUP is taken and means nothing', async () => {
    const source = new EventEmitter();
    const signals = catchSignals(false, source);
    expect(source.emit('SIGHUP', 'SIGHUP')).toBe(true);
    source.emit('SIGINT', 'SIGINT');
    expect(await signals.first).toBe('SIGINT');
  });
});
