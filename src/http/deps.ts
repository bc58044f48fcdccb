import type { Config } from '../config/types.ts';
import type { Desk } from '../dispatch/lease.ts';
import type { Names } from '../dispatch/names.ts';
import type { PeerDesk } from '../dispatch/peer-desk.ts';
import type { ActivePins } from '../dispatch/pins.ts';
import type { KeyLoads } from './access/key-loads.ts';
import type { PeerModels } from '../peers/peer-models.ts';
import type { EventFeed } from './events/feed.ts';
import type { Control, HttpLogger, Journal, Logs, ReloadAnswer, StatusBoard } from './needs.ts';
import type { ObservationView } from './watch/observation-view.ts';
import type { Watch } from './watch/watch.ts';

/** Everything that HTTP is given. */
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
