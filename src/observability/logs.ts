import { StringDecoder } from 'node:string_decoder';
import type { ModelId } from '../../machines/shared/ids.ts';
import type { LogToStdout } from '../config/types.ts';
import { createTextLog } from './text-log.ts';
import type { TextLog } from './text-log.ts';

/** Takes one piece of what a process printed. */
type LogSink = (chunk: Uint8Array | string) => void;

/** Every text log of the gateway. */
export interface Logs {
  /** The gateway's own lines. */
  readonly proxy: TextLog;
  /** What all models print, as it comes. */
  readonly upstream: TextLog;
  /** What goes to standard output, and what `GET /logs` shows: one of them, both or nothing. */
  readonly combined: TextLog;
  /** What one model prints, over all its incarnations. */
  of(model: ModelId): TextLog;
  /** Where one incarnation of a model prints to; keeps characters together that arrive in pieces. */
  sink(model: ModelId): LogSink;
  /** Takes a line of the gateway's own. */
  writeProxy(line: string): void;
  /** From now on `combined` gets this; what it holds stays. */
  combine(which: LogToStdout): void;
}

/**
 * INVARIANTS
 * - In a log that several sources write to, a line holds text of one source only.
 * - The log of a model exists from its first use; an unused model costs nothing.
 *
 * @param which What `combined` gets to begin with.
 * @param report Gets one message per failing subscriber.
 */
export function createLogs(which: LogToStdout, report: (message: string) => void = () => {}): Logs {
  let combines = which;
  const proxy = createTextLog({ report });
  const upstream = createTextLog({ report });
  const combined = createTextLog({ report });
  const models = new Map<ModelId, TextLog>();
  const toUpstream = separateLines(upstream);
  const toCombined = separateLines(combined);

  function of(model: ModelId): TextLog {
    let log = models.get(model);
    if (log === undefined) {
      log = createTextLog({ report });
      models.set(model, log);
    }
    return log;
  }

  return {
    proxy,
    upstream,
    combined,
    of,
    sink(model) {
      const own = of(model);
      const source = `model:${model}`;
      const decoder = new StringDecoder('utf8');
      return (chunk) => {
        const text = typeof chunk === 'string' ? chunk : decoder.write(chunk);
        own.write(text);
        toUpstream(source, text);
        if (combines === 'upstream' || combines === 'both') toCombined(source, text);
      };
    },
    writeProxy(line) {
      proxy.write(line);
      if (combines === 'proxy' || combines === 'both') toCombined('proxy', line);
    },
    combine(next) {
      combines = next;
    },
  };
}

/** Ends the open line of one source before another one writes, so that lines never mix. */
function separateLines(log: TextLog): (source: string, text: string) => void {
  let openLineOf: string | null = null;
  return (source, text) => {
    if (text === '') return;
    if (openLineOf !== null && openLineOf !== source) log.write('\n');
    log.write(text);
    openLineOf = text.endsWith('\n') ? null : source;
  };
}
