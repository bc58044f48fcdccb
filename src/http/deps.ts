import type { Failure } from '../../machines/shared/failure.ts';
import type { ModelId, UnitId } from '../../machines/shared/ids.ts';
import type { Phase } from '../../machines/shared/phase.ts';
import type { Config } from '../config/types.ts';
import type { Desk } from '../dispatch/lease.ts';
import type { Names } from '../dispatch/names.ts';
import type { PeerDesk } from '../dispatch/peer-desk.ts';
import type { ActivePins } from '../dispatch/pins.ts';
import type { KeyLoads } from './access/key-loads.ts';
import type { PeerModels } from '../peers/peer-models.ts';
import type { EventFeed } from './events/feed.ts';
import type { ObservationView } from './watch/observation-view.ts';
import type { Watch } from './watch/watch.ts';

/** Everything HTTP needs from the rest of the gateway, as small shapes that tests can fake. */
export interface HttpDeps {
  readonly config: Config;
  /** Those of the configuration. */
  readonly names: Names;
  readonly desk: Desk;
  readonly peers: PeerDesk;
  readonly peerModels: Pick<PeerModels, 'recordOf' | 'look' | 'watch' | 'subscribe'>;
  readonly pins: ActivePins;
  readonly control: Control;
  readonly board: StatusBoard;
  readonly journal: Journal;
  readonly logs: Logs;
  readonly watch: Watch;
  readonly observation: ObservationView;
  readonly events: EventFeed;
  readonly keyLoads: KeyLoads;
  /** The machine definitions, as JSON-able data. */
  readonly machines: () => unknown;
  readonly logger: HttpLogger;
  /** Reads the configuration again. */
  readonly reload?: () => Promise<ReloadAnswer>;
  /** Aborted when the gateway shuts down: endless streams (logs, transitions) end then. */
  readonly closing?: AbortSignal;
  readonly times?: Partial<HttpTimes>;
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

export interface HttpTimes {
  /** How long a WebSocket of which one side has ended may stay before both are cut. */
  readonly halfCloseMs: number;
  /** Silence after which a body that is being uploaded is given up. */
  readonly bodyIdleMs: number;
  /** Longest time for a whole body to arrive, however steadily it does. */
  readonly bodyTotalMs: number;
  /** Between the comments that keep an event stream alive through proxies. */
  readonly heartbeatMs: number;
}

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
interface StatusBoard {
  phaseOf(model: ModelId): Phase;
  /** Why the model is not well, as far as is known. */
  failureOf(model: ModelId): Failure | null;
  actors(): readonly unknown[];
}

interface Journal {
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

interface Logs {
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
