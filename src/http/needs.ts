import type { Failure } from '../../machines/shared/failure.ts';
import type { ModelId, UnitId } from '../../machines/shared/ids.ts';
import type { Phase } from '../../machines/shared/phase.ts';

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
export interface StatusBoard {
  phaseOf(model: ModelId): Phase;
  /** Why the model is not well, as far as is known. */
  failureOf(model: ModelId): Failure | null;
  actors(): readonly unknown[];
}

export interface Journal {
  history(): readonly Transition[];
  /** Returns the function that ends the subscription. */
  subscribe(listener: (transition: Transition) => void): () => void;
}

export interface Transition {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly actor: string;
  readonly event: string;
  readonly from: string | null;
  readonly to: string;
}

export interface TextLog {
  history(): string;
  /** Returns the function that ends the subscription. */
  subscribe(listener: (chunk: string) => void): () => void;
}

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
