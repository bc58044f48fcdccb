import { Writable } from 'node:stream';
import winston from 'winston';
import type { LogLevel, LogTimeFormat } from '../config/types.ts';
import { formatLineTime } from './line-time.ts';

/**
 * The gateway's own messages. A message is text or a function that makes it: the function of a suppressed level is
 * never called, so a debug line on a busy path costs one comparison. Callers never pass a command line, an
 * environment, a key or a prompt.
 */
export interface Logger {
  debug(message: Message): void;
  info(message: Message): void;
  warn(message: Message): void;
  error(message: Message): void;
  /** From the next message on. */
  adjust(style: LogStyle): void;
}

/** What a configuration says about the lines of the log. */
export interface LogStyle {
  readonly level: LogLevel;
  /** The form of the time that begins a line; null = none. */
  readonly timeFormat: LogTimeFormat | null;
}

type Message = string | (() => string);

const SEVERITY: Readonly<Record<LogLevel, number>> = { error: 0, warn: 1, info: 2, debug: 3 };

/**
 * @param options.write Gets every line that passes the level, newline included. The caller decides where lines go: the
 *   text log that `GET /logs` shows, standard output, or both.
 */
export function createLogger(options: LogStyle & { write: (line: string) => void }): Logger {
  let { level: threshold, timeFormat } = options;
  const sink = winston.createLogger({
    level: threshold,
    levels: { ...SEVERITY },
    format: winston.format.printf((info) => formatLine(info, timeFormat)),
    transports: [new winston.transports.Stream({ stream: lineStream(options.write), eol: '\n' })],
  });

  // winston formats before it filters; the comparison comes first so that a suppressed level costs nothing.
  const at = (level: LogLevel) => (message: Message) => {
    if (SEVERITY[level] > SEVERITY[threshold]) return;
    sink.log(level, typeof message === 'string' ? message : message());
  };

  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    adjust(style) {
      threshold = style.level;
      timeFormat = style.timeFormat;
      sink.level = style.level;
    },
  };
}

function formatLine({ level, message }: winston.Logform.TransformableInfo, timeFormat: LogTimeFormat | null): string {
  const line = `[${level.toUpperCase()}] ${oneLine(String(message))}`;
  return timeFormat === null ? line : `${formatLineTime(timeFormat, new Date())} ${line}`;
}

/**
 * A message can carry text from outside: its line breaks must not look like lines of ours, and nothing in it may speak
 * to a terminal.
 */
function oneLine(message: string): string {
  if (!CONTROL.test(message)) return message;
  return message.trimEnd().replaceAll(CONTROLS, (char) => {
    if (char === '\t') return char;
    return char === '\n' ? '\n  ' : `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}

const CONTROL = /\p{Cc}/u;
const CONTROLS = /\p{Cc}/gu;

/** winston's way to a function; synchronous, so that a line is out before a fatal exit. */
function lineStream(write: (line: string) => void): Writable {
  return new Writable({
    decodeStrings: false,
    write(line: string, _encoding, done) {
      try {
        write(line);
      } catch {
        // Whoever wants the lines cannot take the gateway down, and is the one who would be told.
      }
      done();
    },
  });
}
