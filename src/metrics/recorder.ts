import { Registry } from 'prom-client';
import { createGatewayMetrics, type GatewayMetrics } from './gateway-metrics.ts';
import { createGenAiMetrics } from './gen-ai-metrics.ts';
import { fillHostMetrics } from './host-metrics.ts';
import type { ObservedHost } from './observation.ts';
import { createProcessMetrics } from './process-metrics.ts';

/** Everything that needs the library. */
export interface Recorder extends GatewayMetrics {
  /** The text that Prometheus reads. @param host null = no sample of the machine. */
  render(host: ObservedHost | null): Promise<string>;
}

export function createRecorder(version: string): Recorder {
  const gateway = new Registry();
  const genAi = new Registry();
  const metrics = createGatewayMetrics(gateway, version);
  const observeGenAi = createGenAiMetrics(genAi);
  const ownProcess = createProcessMetrics();
  return {
    ...metrics,
    observeRequest(request) {
      metrics.observeRequest(request);
      observeGenAi(request);
    },
    async render(host) {
      const registries = [gateway, genAi, await ownProcess()];
      if (host !== null) {
        const machine = new Registry();
        fillHostMetrics(machine, host);
        registries.push(machine);
      }
      return (await Promise.all(registries.map((registry) => registry.metrics()))).join('\n');
    },
  };
}
