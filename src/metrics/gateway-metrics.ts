import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { PHASES } from '../../machines/shared/phase.ts';
import type { ObservedQueue, ObservedRequest } from './observation.ts';
import { operationOf } from './operation.ts';
import { createQuickCounter, createQuickHistogram } from './quick-series.ts';
import type { Fact } from './transition-reader.ts';

const LOAD_SECONDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 60, 120, 300, 600];
const WAIT_SECONDS = [0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];
const OVERHEAD_SECONDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5];
const SPEEDS = [1, 2, 5, 10, 20, 40, 80, 160, 320, 640, 1280];

/** What is measured of requests, models and swaps, under names of its own. */
export interface GatewayMetrics {
  observeRequest(request: ObservedRequest): void;
  observeQueue(queue: ObservedQueue): void;
  observeFact(fact: Fact): void;
  /** Models that are new are stopped; those that are gone are forgotten, gauges only: counters go on counting. */
  setModels(models: readonly string[]): void;
}

interface Count {
  inc(by: number): void;
}

interface Spread {
  observe(value: number): void;
}

interface RequestSeries {
  readonly requests: Count;
  readonly overhead: Spread;
  readonly speed: Spread;
  readonly input: Count;
  readonly output: Count;
  readonly cached: Count;
  readonly drafted: Count;
  readonly draftAccepted: Count;
}

export function createGatewayMetrics(registry: Registry, version: string): GatewayMetrics {
  const registers = [registry];
  new Gauge({
    name: 'llamaswap_build_info',
    help: 'Always 1; the version is a label.',
    labelNames: ['version'],
    registers,
  }).set({ version }, 1);
  const requests = createQuickCounter(registry, {
    name: 'llamaswap_requests_total',
    help: 'Finished inference requests by status; the model is empty for one that is not configured.',
    labelNames: ['model', 'operation', 'status'],
  });
  const requestsByKey = createQuickCounter(registry, {
    name: 'llamaswap_requests_by_key_total',
    help: 'Finished inference requests by status and by the name of the key, where that has one.',
    labelNames: ['key', 'status'],
  });
  const tokens = createQuickCounter(registry, {
    name: 'llamaswap_tokens_total',
    help: 'Tokens as the upstreams counted them: input, output, cached, drafted, draft_accepted.',
    labelNames: ['model', 'type'],
  });
  const speed = createQuickHistogram(registry, {
    name: 'llamaswap_generation_tokens_per_second',
    help: 'Speed of generation as the upstreams measured it, one value per request.',
    labelNames: ['model'],
    buckets: SPEEDS,
  });
  const overhead = createQuickHistogram(registry, {
    name: 'llamaswap_gateway_overhead_seconds',
    help: 'Time the gateway itself took of a request: neither the wait for the model nor the upstream.',
    labelNames: ['model'],
    buckets: OVERHEAD_SECONDS,
  });
  const depth = new Gauge({
    name: 'llamaswap_queue_depth',
    help: 'Requests that wait for their model.',
    labelNames: ['model'],
    registers,
  });
  const wait = new Histogram({
    name: 'llamaswap_queue_wait_seconds',
    help: 'Time that requests waited in line, until their model was there or they were refused; who is served at once is not counted.',
    labelNames: ['model'],
    buckets: WAIT_SECONDS,
    registers,
  });
  const state = new Gauge({
    name: 'llamaswap_model_state',
    help: '1 for the state a model is in, 0 for the others.',
    labelNames: ['model', 'state'],
    registers,
  });
  const loads = new Histogram({
    name: 'llamaswap_model_load_seconds',
    help: 'Time from the start of a model server until it was ready.',
    labelNames: ['model'],
    buckets: LOAD_SECONDS,
    registers,
  });
  const endedLoads = new Counter({
    name: 'llamaswap_model_load_failures_total',
    help: 'Loads that did not end with a ready model: failed, or cancelled.',
    labelNames: ['model', 'outcome'],
    registers,
  });
  const evictions = new Counter({
    name: 'llamaswap_evictions_total',
    help: 'Ready models that had to go: ttl, swap, unload, shutdown, crash, killed, unresponsive.',
    labelNames: ['model', 'cause'],
    registers,
  });
  const swaps = new Counter({
    name: 'llamaswap_swaps_total',
    help: 'Swaps that have ended: done, failed, cancelled, crashed.',
    labelNames: ['outcome'],
    registers,
  });
  const swapSeconds = new Histogram({
    name: 'llamaswap_swap_seconds',
    help: 'Time a swap took that ended well, from its decision until the model was ready.',
    buckets: LOAD_SECONDS,
    registers,
  });
  /** Of no other model is there a gauge: what one does that is gone from the configuration would stay for ever. */
  let known: ReadonlySet<string> = new Set();
  const allSeries = new Map<string, RequestSeries>();
  const allKeySeries = new Map<string, Count>();

  function setState(model: string, phase: string): void {
    for (const other of PHASES) state.set({ model, state: other }, other === phase ? 1 : 0);
  }

  /** Of one model, operation and status. */
  function seriesOf(model: string, operation: string, status: string): RequestSeries {
    const counted = (type: string): Count => tokens.series({ model, type });
    return {
      requests: requests.series({ model, operation, status }),
      overhead: overhead.series({ model }),
      speed: speed.series({ model }),
      input: counted('input'),
      output: counted('output'),
      cached: counted('cached'),
      drafted: counted('drafted'),
      draftAccepted: counted('draft_accepted'),
    };
  }

  function countFor(key: string, status: string): void {
    const which = `${status} ${key}`;
    const series = allKeySeries.get(which) ?? requestsByKey.series({ key, status });
    allKeySeries.set(which, series);
    series.inc(1);
  }

  return {
    observeRequest(request) {
      const { overheadMs, status, tokens: said } = request;
      const model = request.model ?? '';
      const operation = operationOf(request.path);
      const key = `${status} ${operation} ${model}`;
      let series = allSeries.get(key);
      if (series === undefined) {
        series = seriesOf(model, operation, String(status));
        allSeries.set(key, series);
      }
      series.requests.inc(1);
      if (request.key !== null) countFor(request.key, String(status));
      if (overheadMs !== null) series.overhead.observe(overheadMs / 1000);
      if (said.input > 0) series.input.inc(said.input);
      if (said.output > 0) series.output.inc(said.output);
      if (said.cached > 0) series.cached.inc(said.cached);
      if (said.drafted > 0) series.drafted.inc(said.drafted);
      if (said.draftAccepted > 0) series.draftAccepted.inc(said.draftAccepted);
      if (said.tokensPerSecond > 0) series.speed.observe(said.tokensPerSecond);
    },
    observeQueue({ model, waiting, waitedMs }) {
      if (known.has(model)) depth.set({ model }, waiting);
      if (waitedMs !== undefined) wait.observe({ model }, waitedMs / 1000);
    },
    observeFact(fact) {
      if (fact.kind === 'phase') {
        if (known.has(fact.model)) setState(fact.model, fact.phase);
      } else if (fact.kind === 'loaded') loads.observe({ model: fact.model }, fact.seconds);
      else if (fact.kind === 'load-ended') endedLoads.inc({ model: fact.model, outcome: fact.outcome });
      else if (fact.kind === 'evicted') evictions.inc({ model: fact.model, cause: fact.cause });
      else {
        swaps.inc({ outcome: fact.outcome });
        if (fact.outcome === 'done') swapSeconds.observe(fact.seconds);
      }
    },
    setModels(models) {
      const next = new Set(models);
      for (const model of known) {
        if (next.has(model)) continue;
        for (const phase of PHASES) state.remove({ model, state: phase });
        depth.remove({ model });
      }
      for (const model of next) {
        if (known.has(model)) continue;
        setState(model, 'stopped');
        depth.set({ model }, 0);
      }
      known = next;
    },
  };
}
