import { readFile } from 'node:fs/promises';
import { cpus, machine, platform, release, totalmem, version } from 'node:os';
import type { Cpu, Environment, Hardware, OperatingSystem } from './hardware.ts';
import { architectureName, findEnvironment, parseCpuInfo, parseOsRelease } from './parse-machine.ts';
import { findAccelerators } from './platforms.ts';

const TIMEOUT_MS = 10_000;

/** The hardware, looked at once. */
export interface HardwareSnapshot {
  /** Begins to look when it is first asked. @returns null where it cannot be found out. */
  get(): Promise<Hardware | null>;
  /** Ends what is still looking. */
  stop(): void;
}

/**
 * Looks once, and not before somebody wants to know: nobody else waits for a slow driver.
 *
 * @param options.detect For tests.
 */
export function createHardwareSnapshot(options: {
  readonly gatewayVersion: string;
  readonly report?: (message: string) => void;
  readonly detect?: (gatewayVersion: string, signal: AbortSignal) => Promise<Hardware>;
}): HardwareSnapshot {
  const { gatewayVersion, report = () => {}, detect = detectHardware } = options;
  const stopping = new AbortController();
  let hardware: Promise<Hardware | null> | null = null;

  async function look(): Promise<Hardware | null> {
    try {
      return await detect(gatewayVersion, AbortSignal.any([stopping.signal, AbortSignal.timeout(TIMEOUT_MS)]));
    } catch (error) {
      report(`the hardware cannot be described: ${error instanceof Error ? error.message : String(error)}`);
      return null;
    }
  }

  return {
    get: () => (hardware ??= look()),
    stop: () => stopping.abort(),
  };
}

/** @param signal Ends what takes too long; what is known until then is told. */
export async function detectHardware(gatewayVersion: string, signal: AbortSignal): Promise<Hardware> {
  const isLinux = platform() === 'linux';
  const cpuInfo = isLinux ? await read('/proc/cpuinfo') : null;
  return {
    schema_version: 1,
    captured_at: new Date().toISOString(),
    capture: {
      scope: 'inference_host',
      method: 'detected',
      detector: { name: 'llama-swap', version: gatewayVersion },
    },
    architecture: { name: architectureName(machine()), raw_name: machine() },
    operating_system: isLinux ? await describeLinux() : describeOther(),
    environment: isLinux ? await findLinuxEnvironment(cpuInfo) : { kind: 'unknown', name: null, version: null },
    cpu: cpuInfo === null ? describeCpu() : parseCpuInfo(cpuInfo),
    memory: { capacity_bytes: totalmem() },
    accelerators: await findAccelerators(platform(), signal),
  };
}

async function describeLinux(): Promise<OperatingSystem> {
  return { family: 'linux', ...parseOsRelease(await read('/etc/os-release')), kernel: release() };
}

function describeOther(): OperatingSystem {
  const families: Partial<Record<NodeJS.Platform, string>> = { darwin: 'macos', win32: 'windows' };
  return { family: families[platform()] ?? platform(), name: version(), version: release(), kernel: release() };
}

async function findLinuxEnvironment(cpuInfo: string | null): Promise<Environment> {
  return findEnvironment({
    kernel: await read('/proc/version'),
    dockerMark: await read('/.dockerenv'),
    podmanMark: await read('/run/.containerenv'),
    cgroup: await read('/proc/1/cgroup'),
    container: process.env['container'] ?? null,
    cpuInfo,
    product: await read('/sys/class/dmi/id/product_name'),
  });
}

function describeCpu(): Cpu {
  const threads = cpus();
  return {
    vendor: null,
    model: threads[0]?.model ?? null,
    socket_count: null,
    physical_core_count: null,
    logical_thread_count: threads.length || null,
  };
}

async function read(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch(() => null);
}
