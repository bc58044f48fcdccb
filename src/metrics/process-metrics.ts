import { collectDefaultMetrics, type Registry } from 'prom-client';

/** How finely the delay of the event loop is watched, in milliseconds; finer would wake an idle gateway more often. */
const PRECISION_MS = 20;

/** Gauges whose names end as those of counters do, against the rules; the same numbers are there by type. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

/** The gateway's own process: memory, CPU, garbage collection, event loop, as everybody names them. */
export function addProcessMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: PRECISION_MS });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
}
