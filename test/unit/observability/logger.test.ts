import { describe, expect, it, vi } from 'vitest';
import type { LogLevel } from '../../../src/config/types.ts';
import { createLogger } from '../../../src/observability/logger.ts';

function loggerAt(level: LogLevel) {
  const lines: string[] = [];
  return { lines, logger: createLogger({ level, timeFormat: null, write: (line) => lines.push(line) }) };
}

describe('logger', () => {
  it('writes a line with level and message', () => {
    const { lines, logger } = loggerAt('info');
    logger.info('listening');
    expect(lines).toEqual(['[INFO] listening\n']);
  });

  it('begins a line with the time where a form for it is given', () => {
    const lines: string[] = [];
    const logger = createLogger({ level: 'info', timeFormat: 'rfc3339', write: (line) => lines.push(line) });
    logger.info('listening');
    expect(lines).toEqual([
      expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d) \[INFO\] listening\n$/),
    ]);
  });

  it('D9: takes another level and another time at any moment, whoever holds its functions', () => {
    const { lines, logger } = loggerAt('warn');
    const { info, debug } = logger;
    info('suppressed');
    logger.adjust({ level: 'debug', timeFormat: 'kitchen' });
    info('one');
    debug('two');
    logger.adjust({ level: 'error', timeFormat: null });
    info('suppressed');
    logger.error('three');
    expect(lines).toEqual([
      expect.stringMatching(/^\d{1,2}:\d\d[AP]M \[INFO\] one\n$/),
      expect.stringMatching(/^\d{1,2}:\d\d[AP]M \[DEBUG\] two\n$/),
      '[ERROR] three\n',
    ]);
  });

  it.each([
    ['debug', ['DEBUG', 'INFO', 'WARN', 'ERROR']],
    ['info', ['INFO', 'WARN', 'ERROR']],
    ['warn', ['WARN', 'ERROR']],
    ['error', ['ERROR']],
  ] as const)('at level %s lets %j through', (level, expected) => {
    const { lines, logger } = loggerAt(level);
    logger.debug('x');
    logger.info('x');
    logger.warn('x');
    logger.error('x');
    expect(lines.map((line) => /\[(\w+)\]/.exec(line)?.[1])).toEqual(expected);
  });

  it('never makes the text of a suppressed message', () => {
    const make = vi.fn<() => string>(() => 'costly');
    const { lines, logger } = loggerAt('info');
    logger.debug(make);
    expect(make).not.toHaveBeenCalled();
    logger.info(make);
    expect(lines[0]).toContain('costly');
  });

  it('writes at once, so that the last words before an exit are not lost', () => {
    const { lines, logger } = loggerAt('info');
    for (let index = 0; index < 200; index += 1) logger.info(`${index}`);
    expect(lines).toHaveLength(200);
  });

  it('a message cannot speak to the terminal', () => {
    const { lines, logger } = loggerAt('info');
    logger.warn('a\u001b[2Jb\rc\td\u009b');
    expect(lines[0]).toContain(String.raw`a\x1b[2Jb\x0dc` + '\td' + String.raw`\x9b`);
  });

  it('goes on when whoever gets the lines throws', () => {
    let calls = 0;
    const logger = createLogger({
      level: 'info',
      timeFormat: null,
      write() {
        calls += 1;
        throw new Error('no');
      },
    });
    logger.info('one');
    logger.info('two');
    expect(calls).toBe(2);
  });

  it('a message with line breaks cannot pass for several messages', () => {
    const { lines, logger } = loggerAt('info');
    logger.warn('first\n2026-01-01T00:00:00.000Z [ERROR] forged\n');
    expect(lines).toHaveLength(1);
    expect(lines[0]?.split('\n')[1]).toMatch(/^ {2}/);
  });
});
