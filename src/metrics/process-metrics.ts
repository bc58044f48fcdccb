import { setTimeout as delay } from 'node:timers/promises';
import { collectDefaultMetrics, Registry } from 'prom-client';

/** How finely the delay of the event loop is watched, in milliseconds; finer would wake an idle gateway more often. */
const PRECISION_MS = 20;

/** Gauges whose names end as those of counters do, against the rules; the same numbers are there by type. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

/**
 * The gateway's own process: memory, CPU, garbage collection, event loop, as everybody names them. They are gathered from
 * the first call on: to look at the event loop fifty times a second, and at every collection, is not for nobody's sake. The
 * first call waits until there is something to tell.
 */
export function createProcessMetrics(): () => Promise<Registry> {
  let gathering: Promise<Registry> | null = null;

  async function gather(): Promise<Registry> {
    const registry = new Registry();
    collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: PRECISION_MS });
    for (const name of MISNAMED) registry.removeSingleMetric(name);
    await delay(2 * PRECISION_MS);
    return registry;
  }

  return () => (gathering ??= gather());
}
