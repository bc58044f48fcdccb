import type { InspectionEvent } from 'xstate';
import type { ModelId } from '../machines/shared/ids.ts';
import type { ActorLog } from './actors/actor-log.ts';
import { createModelRegistry } from './actors/model-registry.ts';
import { createPeerUpstream } from './actors/peer-upstream.ts';
import { createWatchdogs } from './actors/watchdogs.ts';
import { wire } from './actors/wire.ts';
import { changedProcesses, startsAlike } from './config/changed-processes.ts';
import { toTopology } from './config/topology.ts';
import type { Config, PeerConfig } from './config/types.ts';
import { type Control, createControl } from './dispatch/control.ts';
import { createDesk } from './dispatch/desk.ts';
import type { Desk } from './dispatch/lease.ts';
import { createNameBook, type NameBook } from './dispatch/name-book.ts';
import { createPeerDesk, type PeerDesk } from './dispatch/peer-desk.ts';
import type { StatusBoard } from './observability/status-board.ts';
import { askPeer } from './peers/ask-peer.ts';
import { createPeerModels, type PeerModels } from './peers/peer-models.ts';
import { createLeftovers } from './process/leftovers.ts';
import { createLedger } from './process/ledger.ts';

export interface SupervisorParts {
  readonly config: Config;
  /** Where the ledger of processes is kept. */
  readonly dataDir: string;
  /** How long a shutdown waits for requests in flight, in milliseconds. */
  readonly drainTimeoutMs: number;
  readonly log: ActorLog;
  /** Where a process of the model prints to. */
  readonly output: (model: ModelId) => (chunk: Buffer) => void;
  readonly inspect: (event: InspectionEvent) => void;
  readonly board: Pick<StatusBoard, 'observeFailure'>;
  /** Gives a model that does not run another port than the taken one, if its own is not written; says whether it has. */
  readonly relocate: (model: ModelId, taken: number) => Promise<boolean>;
  /** Expected load time of a model, in milliseconds. */
  readonly estimateLoadMs: (model: ModelId) => number;
}

/** Everything below HTTP: the actors, their processes, and the desk that lends them out. */
export interface Supervisor {
  readonly desk: Desk;
  readonly control: Control;
  readonly peers: PeerDesk;
  readonly peerModels: PeerModels;
  readonly names: NameBook;
  /** Whether a process of the model runs. */
  runs(model: ModelId): boolean;
  /** There is a reason to ask the model at once whether it still answers; if it does not, it is ended. */
  doubt(model: ModelId): void;
  /** Ends what a gateway that was killed has left behind. To be awaited before `start`. */
  sweep(): Promise<void>;
  /** What is asked of the desk before this waits. */
  start(): void;
  /**
   * Goes on with a new configuration. Models whose process would be started differently now finish the requests they
   * have and are started anew for the next one; all others notice nothing.
   *
   * @returns the models whose processes have to make way
   */
  adopt(config: Config): readonly ModelId[];
  /**
   * Takes no new work, finishes what is in flight, stops every model; resolves when no process is left, but for what
   * outlives SIGKILL.
   */
  halt(): Promise<void>;
  /** Kills every process; `halt` then resolves soon. */
  kill(): void;
}

export function createSupervisor(parts: SupervisorParts): Supervisor {
  const { log, output, board, relocate, estimateLoadMs } = parts;
  let { config } = parts;
  const ledger = createLedger({ directory: parts.dataDir, warn: (message) => log.warn(message) });
  const leftovers = createLeftovers(ledger);
  const registry = createModelRegistry(config.models, startsAlike);
  const watchdogs = createWatchdogs(registry, (model) => config.models.get(model)?.liveness ?? null);
  let topology = toTopology(config, parts.drainTimeoutMs);
  const hands = { registry, ledger, leftovers, log, output, relocate };
  const orchestrator = wire(topology, hands, watchdogs.actor, parts.inspect);
  const desk = createDesk({ orchestrator, upstreamOf: registry.upstreamOf, estimateLoadMs });
  const control = createControl(orchestrator, () => topology, desk);
  const peers = createPeerDesk(config.peers, createPeerUpstream);
  const ask = (peer: PeerConfig, signal: AbortSignal): ReturnType<typeof askPeer> => askPeer(peer, peers, signal);
  const peerModels = createPeerModels({ peers: config.peers, ask, log });
  const names = createNameBook(config, peerModels, (message) => log.warn(message));
  orchestrator.on('model.changed', ({ report }) => board.observeFailure(report.model, report.failure));
  const halted = new Promise<void>((resolve) => void orchestrator.on('halted', () => resolve()));

  return {
    desk,
    control,
    peers,
    peerModels,
    names,
    runs: (model) => registry.current(model) !== null,
    doubt: watchdogs.doubt,
    async sweep() {
      const orphans = await ledger.sweep();
      if (orphans > 0) log.warn(`ended ${orphans} processes that a gateway before this one had left behind`);
    },
    start() {
      orchestrator.start();
      peerModels.begin();
    },
    adopt(next) {
      const stale = changedProcesses(config, next);
      config = next;
      topology = toTopology(next, parts.drainTimeoutMs);
      // First: whoever is started from here on is started by the new definition.
      registry.replace(next.models);
      peers.adopt(next.peers);
      peerModels.adopt(next.peers);
      names.adopt(next);
      orchestrator.send({ type: 'topology.replaced', topology, stale });
      watchdogs.reread();
      return stale;
    },
    async halt() {
      orchestrator.send({ type: 'shutdown.requested' });
      // Before the peers are waited for: a question of ours is no request.
      peerModels.end();
      await Promise.all([halted, peers.halt(parts.drainTimeoutMs)]);
      await leftovers.hurry();
      orchestrator.stop();
      ledger.close();
    },
    kill() {
      orchestrator.send({ type: 'shutdown.forced' });
      peerModels.end();
      peers.cut();
      ledger.killAll();
    },
  };
}
