import type { ModelId } from '../machines/shared/ids.ts';
import type { Phase } from '../machines/shared/phase.ts';
import { createArchive } from './activity/archive.ts';
import type { StorePlan } from './activity/store.ts';
import type { Config } from './config/types.ts';
import type { Desk } from './dispatch/lease.ts';
import { GatewayError } from './errors.ts';
import { createWaitingList } from './dispatch/waiting-list.ts';
import type { HardwareSnapshot } from './host/detect-hardware.ts';
import type { HostMonitor } from './host/monitor.ts';
import { clientOf } from './http/access/client.ts';
import { FEEDBACK_TIMES, type FeedbackTimes } from './http/feedback/wait-feedback.ts';
import { createInFlight } from './http/watch/in-flight.ts';
import type { ObservationView } from './http/watch/observation-view.ts';
import { createObserver, type EndedTrip } from './http/watch/observer.ts';
import { createStalls } from './http/watch/stalls.ts';
import { cutTrip, modelOf, type Trip } from './http/watch/trip.ts';
import { createWatch, type Watch } from './http/watch/watch.ts';
import { createMetrics } from './metrics/metrics.ts';
import type { ObservedRequest } from './metrics/observation.ts';
import type { Journal } from './observability/journal.ts';
import type { LoadTimes } from './observability/load-times.ts';
import { createSubscribers } from './observability/subscribers.ts';
import { buildInfo } from './version.ts';

/** What costs time and memory begins when the gateway has started. */
const BEGIN_AFTER_MS = 1_000;

/** What the monitor says until it has begun. */
const NO_SAMPLES_YET: Pick<HostMonitor, 'read'> = {
  read: (after) => ({
    enabled: true,
    sys_stats: after === null ? null : [],
    gpu_stats: after === null ? null : [],
  }),
};

export interface ObservationParts {
  readonly config: Config;
  readonly desk: Desk;
  readonly journal: Pick<Journal, 'subscribe'>;
  readonly phaseOf: (model: ModelId) => Phase;
  readonly loadTimes: LoadTimes;
  /** There is a reason to ask the model whether it still answers. */
  readonly doubt: (model: ModelId) => void;
  /** In place of the ordinary ones. */
  readonly times?: Partial<FeedbackTimes>;
  readonly warn: (message: string) => void;
}

/** Everything that looks on: requests in flight, activity, captures, metrics, the machine. */
export interface Observation extends ObservationView {
  readonly watch: Watch;
  /** The desk, watched. */
  readonly desk: Desk;
  /**
   * Opens the file for activity of a configuration that is to be adopted, or of the first one. To be called before the
   * gateway listens, too. Nothing else changes.
   *
   * @throws SQLite's error when the file cannot be used.
   */
  prepare(config: Config): Promise<void>;
  /** Goes on with a new configuration. */
  adopt(config: Config): void;
  /** Writes what is left to be written, and ends timers and processes. */
  close(): Promise<void>;
}

/**
 * INVARIANTS
 * - Nobody who is looked at waits for those who look, nor hears of their errors.
 * - Before it is needed nothing is loaded: SQLite, the metrics library, the programs that tell about GPUs.
 */
export function createObservation(parts: ObservationParts): Observation {
  const { config, desk, journal, phaseOf, loadTimes, doubt, warn } = parts;
  let current = config;
  let monitor: HostMonitor | null = null;
  let snapshot: HardwareSnapshot | null = null;
  let closed = false;
  const stored = createSubscribers<number>('the activity', warn);
  const version = buildInfo();
  const metrics = createMetrics({ version: version.version, host: () => monitor?.latest() ?? null, report: warn });
  const archive = createArchive(planOf(config), { onStored: stored.tell, report: warn });
  const priorityOf = (model: ModelId): number => current.models.get(model)?.priority ?? 0;
  const waiting = createWaitingList(desk, priorityOf, metrics.observeQueue);
  const inFlight = createInFlight(waiting.positionOf);
  const stalls = createStalls(cutStalled);
  stalls.setLimits(stallLimitsOf(config));
  const observer = createObserver({
    inFlight,
    activity: archive,
    captures: archive.captures,
    captureBytes: () => current.activity.captureBytes,
    lastLoad: loadTimes.lastLoad,
    follow: stalls.follow,
    count: (ended) => metrics.observeRequest(observedRequest(ended, current)),
  });
  const watch = createWatch({
    observer,
    feedback: {
      times: { ...FEEDBACK_TIMES, ...parts.times },
      phaseOf,
      positionOf: waiting.positionOf,
      measuredLoadMs: loadTimes.measuredMs,
      onTransition: journal.subscribe,
    },
    sendsLoadingState: (model) => current.models.get(model)?.sendLoadingState ?? false,
    priorityOf,
  });
  metrics.setModels([...config.models.keys()]);
  journal.subscribe(metrics.observeTransition);
  setTimeout(() => void watchMachine(), BEGIN_AFTER_MS).unref();

  /** Whether the model hangs, or only this answer, is found out by asking it: the others that it serves may go on. */
  function cutStalled(trip: Trip, limitMs: number): void {
    const model = modelOf(trip);
    const silence = `nothing came for ${limitMs / 1_000} s`;
    warn(`${model}: ${silence} in the middle of an answer, which is cut; asking the model whether it still answers`);
    cutTrip(trip, new GatewayError('upstream_timeout', `In the middle of the answer ${silence}.`));
    doubt(model);
  }

  function needsNoWatch(): boolean {
    return closed || monitor !== null || current.performance.disabled;
  }

  async function watchMachine(): Promise<void> {
    if (needsNoWatch()) return;
    const { createHostMonitor } = await import('./host/monitor.ts');
    // Another configuration may have come meanwhile.
    if (needsNoWatch()) return;
    monitor = createHostMonitor({ everyMs: current.performance.everyMs, report: warn });
    monitor.start();
  }

  return {
    watch,
    desk: waiting,
    inFlight,
    activity: archive,
    captures: archive.captures,
    waiting,
    loads: loadTimes,
    metrics: {
      render() {
        // Looked at now rather than told about with every request.
        const counts = waiting.waiting();
        for (const model of current.models.keys()) metrics.observeQueue({ model, waiting: counts.get(model) ?? 0 });
        return metrics.render();
      },
    },
    version,
    onStored: stored.add,
    performance: () => monitor ?? (current.performance.disabled ? null : NO_SAMPLES_YET),
    async hardware() {
      const { createHardwareSnapshot } = await import('./host/detect-hardware.ts');
      if (closed) return null;
      snapshot ??= createHardwareSnapshot({ gatewayVersion: version.version, report: warn });
      return snapshot.get();
    },
    prepare: (next) => archive.prepare(planOf(next)),
    adopt(next) {
      const before = current.performance;
      current = next;
      metrics.setModels([...next.models.keys()]);
      archive.adopt(planOf(next));
      stalls.setLimits(stallLimitsOf(next));
      if (before.everyMs === next.performance.everyMs && before.disabled === next.performance.disabled) return;
      monitor?.stop();
      monitor = null;
      void watchMachine();
    },
    async close() {
      closed = true;
      monitor?.stop();
      snapshot?.stop();
      await observer.settled();
      await archive.close();
    },
  };
}

/** In memory the number of rows is the bound, in a file the retention. */
function planOf({ activity: { storePath, maxInMemory, retention, captureBytes } }: Config): StorePlan {
  const limits = storePath === null ? { maxRows: maxInMemory, maxAgeMs: 0 } : retention;
  return { path: storePath, limits, captureBytes };
}

function stallLimitsOf({ models }: Config): ReadonlyMap<ModelId, number> {
  return new Map(
    [...models.values()].flatMap(({ id, liveness }) => (liveness?.stallMs ? [[id, liveness.stallMs]] : [])),
  );
}

function observedRequest({ trip, ending, usage, durationMs }: EndedTrip, { models }: Config): ObservedRequest {
  const model = modelOf(trip);
  const { firstTokenAt, tokens } = usage;
  return {
    model: models.has(model) ? model : null,
    key: clientOf(trip.res)?.name ?? null,
    // `/v/…` is `/v1/…` by another name.
    path: trip.path.replace(/^\/v\//, '/v1/'),
    status: ending.status,
    durationMs,
    firstTokenMs: firstTokenAt === null ? null : firstTokenAt - trip.startedClock,
    overheadMs: trip.leftAt === null ? null : trip.leftAt - trip.startedClock - (trip.queueMs ?? 0),
    tokens,
  };
}
