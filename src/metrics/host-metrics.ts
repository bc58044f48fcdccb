import { Counter, Gauge, type Registry } from 'prom-client';
import type { ObservedGpu, ObservedHost, ObservedSystem } from './observation.ts';

const MB = 1024 * 1024;

const GPU_GAUGES: readonly [string, string, (gpu: ObservedGpu) => number][] = [
  ['temperature_celsius', 'Temperature of a GPU.', (gpu) => gpu.temp_c],
  ['vram_temperature_celsius', 'Temperature of the memory of a GPU.', (gpu) => gpu.vram_temp_c],
  ['util_percent', 'How busy a GPU is.', (gpu) => gpu.gpu_util_pct],
  ['memory_util_percent', 'How full the memory of a GPU is.', (gpu) => gpu.mem_util_pct],
  ['memory_used_bytes', 'Memory in use on a GPU.', (gpu) => gpu.mem_used_mb * MB],
  ['memory_total_bytes', 'Memory of a GPU.', (gpu) => gpu.mem_total_mb * MB],
  ['fan_speed_percent', 'Speed of the fan of a GPU.', (gpu) => gpu.fan_speed_pct],
  ['power_draw_watts', 'What a GPU draws.', (gpu) => gpu.power_draw_w],
];

const MEMORY_GAUGES: readonly [string, string, (system: ObservedSystem) => number][] = [
  ['memory_total_bytes', 'Memory of the machine.', (system) => system.mem_total_mb * MB],
  ['memory_used_bytes', 'Memory in use on the machine.', (system) => system.mem_used_mb * MB],
  ['memory_free_bytes', 'Free memory of the machine.', (system) => system.mem_free_mb * MB],
  ['swap_total_bytes', 'Swap space of the machine.', (system) => system.swap_total_mb * MB],
  ['swap_used_bytes', 'Swap space in use on the machine.', (system) => system.swap_used_mb * MB],
];

/** Writes one sample of the machine into a registry that is empty before, so that what is not there has no name either. */
export function fillHostMetrics(registry: Registry, { system, gpus }: ObservedHost): void {
  const registers = [registry];

  function gauge(name: string, help: string, labelNames: string[] = []): Gauge {
    return new Gauge({ name: `llamaswap_${name}`, help, labelNames, registers });
  }

  const cpu = gauge('cpu_util_percent', 'How busy a core is.', ['core']);
  for (const [core, percent] of system.cpu_util_per_core.entries()) cpu.set({ core: String(core) }, percent);
  for (const [name, help, read] of MEMORY_GAUGES) gauge(name, help).set(read(system));
  const load = gauge('load_average', 'Processes that want to run, on average.', ['interval']);
  load.set({ interval: '1m' }, system.load_avg_1);
  load.set({ interval: '5m' }, system.load_avg_5);
  load.set({ interval: '15m' }, system.load_avg_15);
  if (system.net_io.length > 0) {
    const network = new Counter({
      name: 'llamaswap_network_bytes_total',
      help: 'Bytes over a network interface since the machine was started.',
      labelNames: ['interface', 'direction'],
      registers,
    });
    for (const { name, bytes_recv, bytes_sent } of system.net_io) {
      network.inc({ interface: name, direction: 'recv' }, bytes_recv);
      network.inc({ interface: name, direction: 'sent' }, bytes_sent);
    }
  }
  if (gpus.length === 0) return;
  const sorted = gpus.toSorted((a, b) => a.id - b.id);
  for (const [name, help, read] of GPU_GAUGES) {
    const metric = gauge(`gpu_${name}`, help, ['id', 'name', 'uuid']);
    for (const gpu of sorted) {
      const { id, name, uuid } = gpu;
      metric.set({ id: String(id), name, ...(uuid === '' ? {} : { uuid }) }, read(gpu));
    }
  }
}
