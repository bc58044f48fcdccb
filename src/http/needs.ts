import type { ModelId, UnitId } from '../../machines/shared/ids.ts';
import type { Journal as FullJournal } from '../observability/journal.ts';
import type { StatusBoard as Board } from '../observability/status-board.ts';
import type { TextLog as FullLog } from '../observability/text-log.ts';

/* What HTTP needs from the rest of the gateway, as small shapes that tests can fake. */

/** What an operator may ask for by hand. */
export interface Control {
  /** Resolves when the processes are gone. */
  unload(models: 'all' | readonly ModelId[]): Promise<void>;
  /**
   * Resolves when the unit is ready, or when the signal aborts the wait.
   *
   * @throws GatewayError when it cannot become ready.
   */
  load(unit: UnitId, signal?: AbortSignal): Promise<void>;
}

/** Reading only; nothing here gates a decision. */
export interface StatusBoard extends Pick<Board, 'phaseOf' | 'failureOf'> {
  actors(): readonly unknown[];
}

export type Journal = Pick<FullJournal, 'history' | 'subscribe'>;

export type TextLog = Pick<FullLog, 'history' | 'subscribe'>;

export interface Logs {
  readonly proxy: TextLog;
  readonly upstream: TextLog;
  readonly combined: TextLog;
  of(model: ModelId): TextLog | undefined;
}

/** A message is text, or a function that makes it and is called only when its level is logged. */
export interface HttpLogger {
  info(message: string | (() => string)): void;
  warn(message: string | (() => string)): void;
  error(message: string | (() => string)): void;
}

/** How reading the configuration again ended. */
export interface ReloadAnswer {
  /** Otherwise nothing has changed. */
  readonly ok: boolean;
  /** Models whose processes make way for a new definition. */
  readonly changed: readonly ModelId[];
  /** Errors, or what is odd all the same, one line each with file, line and column. */
  readonly problems: readonly string[];
}
