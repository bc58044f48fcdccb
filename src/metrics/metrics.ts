import type { ObservedHost, ObservedQueue, ObservedRequest, ObservedTransition } from './observation.ts';
import type { Recorder } from './recorder.ts';
import { createTransitionReader } from './transition-reader.ts';

/** Observations that wait for the library; later ones are lost. */
const LONGEST_BACKLOG = 10_000;
/** After the first observation: by then a gateway has started. */
const LOAD_AFTER_MS = 1_000;

/** The numbers behind `GET /metrics`. Observing never throws and costs microseconds. */
export interface Metrics {
  observeRequest(request: ObservedRequest): void;
  observeQueue(queue: ObservedQueue): void;
  /** To be fed with every transition of the journal. */
  observeTransition(transition: ObservedTransition): void;
  /** To be told at start and after a reload which models there are. */
  setModels(models: readonly string[]): void;
  /** Loads the library now rather than a second after the first observation. */
  start(): Promise<void>;
  /** Of the text. */
  readonly contentType: string;
  /** The text that Prometheus reads. */
  render(): Promise<string>;
}

export interface MetricsOptions {
  readonly version: string;
  /** The last sample of the machine, or null when there is none. */
  readonly host?: () => ObservedHost | null;
  /** Hears of the first observation that failed. */
  readonly report?: (message: string) => void;
}

/**
 * INVARIANTS
 * - The library is not loaded while the gateway starts; what is observed before waits, in order.
 * - A wrong value is lost and reported once; it never reaches who observed it.
 */
export function createMetrics({ version, host = () => null, report = () => {} }: MetricsOptions): Metrics {
  const readTransition = createTransitionReader();
  let backlog: ((recorder: Recorder) => void)[] = [];
  let models: readonly string[] = [];
  let recorder: Recorder | null = null;
  let loading: Promise<Recorder> | null = null;
  let timer: NodeJS.Timeout | null = null;
  let hasFailed = false;

  function attempt(observe: (recorder: Recorder) => void, target: Recorder): void {
    try {
      observe(target);
    } catch (error) {
      if (!hasFailed)
        report(`a metric could not be recorded: ${error instanceof Error ? error.message : typeof error}`);
      hasFailed = true;
    }
  }

  function record(observe: (recorder: Recorder) => void): void {
    if (recorder !== null) {
      attempt(observe, recorder);
      return;
    }
    if (backlog.length < LONGEST_BACKLOG) backlog.push(observe);
    timer ??= setTimeout(() => void load().catch(() => {}), LOAD_AFTER_MS).unref();
  }

  function load(): Promise<Recorder> {
    loading ??= import('./recorder.ts').then(({ createRecorder }) => {
      const created = createRecorder(version);
      attempt((target) => target.setModels(models), created);
      for (const observe of backlog) attempt(observe, created);
      backlog = [];
      recorder = created;
      return created;
    });
    return loading;
  }

  return {
    contentType: 'text/plain; version=0.0.4; charset=utf-8',
    observeRequest: (request) => record((target) => target.observeRequest(request)),
    observeQueue: (queue) => record((target) => target.observeQueue(queue)),
    observeTransition(transition) {
      for (const fact of readTransition(transition)) record((target) => target.observeFact(fact));
    },
    setModels(ids) {
      models = ids;
      // Known when the library is there; a gateway that does nothing does not need it.
      if (recorder !== null) attempt((target) => target.setModels(ids), recorder);
    },
    async start() {
      await load();
    },
    render: async () => (await load()).render(host()),
  };
}
