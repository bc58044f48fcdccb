import { EventEmitter } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
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

  it('without a terminal SIGHUP asks for a reload, each time, and does not end the program', async () => {
    const source = new EventEmitter();
    const signals = catchSignals(false, source);
    const asked = vi.fn<() => void>();
    signals.onReload(asked);
    expect(asked).not.toHaveBeenCalled();
    source.emit('SIGHUP', 'SIGHUP');
    source.emit('SIGHUP', 'SIGHUP');
    expect(asked).toHaveBeenCalledTimes(2);
    source.emit('SIGINT', 'SIGINT');
    expect(await signals.first).toBe('SIGINT');
  });

  it('a SIGHUP that comes before anybody can reload is kept', () => {
    const source = new EventEmitter();
    const signals = catchSignals(false, source);
    expect(source.emit('SIGHUP', 'SIGHUP')).toBe(true);
    source.emit('SIGHUP', 'SIGHUP');
    const asked = vi.fn<() => void>();
    signals.onReload(asked);
    expect(asked).toHaveBeenCalledTimes(1);
  });
});
