import type { InspectionEvent } from 'xstate';
import type { Config, LogLevel } from '../config/types.ts';
import { createJournal, type Journal } from './journal.ts';
import { createLoadTimes, type LoadTimes } from './load-times.ts';
import { createLogger, type Logger, type LogStyle } from './logger.ts';
import { createLogs, type Logs } from './logs.ts';
import { safely } from './safely.ts';

export interface RecordOptions {
  /** In place of the configuration's. */
  readonly logLevel?: LogLevel | undefined;
  /** Gets what `logToStdout` names. */
  readonly print?: ((text: string) => void) | undefined;
  /** Sees every inspection event beside the journal. */
  readonly inspect?: ((event: InspectionEvent) => void) | undefined;
}

/** Everything that writes down what happens. */
export interface Records {
  readonly logs: Logs;
  readonly logger: Logger;
  readonly journal: Journal;
  readonly loadTimes: LoadTimes;
  /** To be handed to XState. Never throws. */
  readonly inspect: (event: InspectionEvent) => void;
  /** Goes on as a new configuration says. */
  adopt(config: Config): void;
}

export function createRecords(config: Config, options: RecordOptions): Records {
  const styleOf = ({ logLevel, logTimeFormat }: Config): LogStyle => ({
    level: options.logLevel ?? logLevel,
    timeFormat: logTimeFormat,
  });
  const logs = createLogs(config.logToStdout);
  const logger = createLogger({ ...styleOf(config), write: logs.writeProxy });
  if (options.print) logs.combined.subscribe(options.print);

  const journal = createJournal({ report: logger.error });
  const loadTimes = createLoadTimes();
  journal.subscribe(loadTimes.observe);
  journal.subscribe(({ actor, from, to, event }) => {
    const isModel = actor.startsWith('model:');
    logger[isModel ? 'info' : 'debug'](() => `${actor}: ${from ?? 'new'} → ${to} (${event})`);
  });
  const alsoInspect = options.inspect && safely('inspect', options.inspect, logger.error);

  return {
    logs,
    logger,
    journal,
    loadTimes,
    inspect(event) {
      journal.inspect(event);
      alsoInspect?.(event);
    },
    adopt(next) {
      logs.combine(next.logToStdout);
      logger.adjust(styleOf(next));
    },
  };
}
