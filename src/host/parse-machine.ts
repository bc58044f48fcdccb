import type { Cpu, Environment, OperatingSystem } from './hardware.ts';

/** @param text `/etc/os-release`, or null. */
export function parseOsRelease(text: string | null): Pick<OperatingSystem, 'name' | 'version'> {
  const value = (key: string): string | null =>
    new RegExp(`^${key}=["']?(.*?)["']?$`, 'm').exec(text ?? '')?.[1] || null;
  return { name: value('NAME'), version: value('VERSION_ID') };
}

/** @param text `/proc/cpuinfo`. */
export function parseCpuInfo(text: string): Cpu {
  const threads = text
    .split(/\n\s*\n/)
    .map(
      (block) => new Map([...block.matchAll(/^(.+?)\s*:\s*(.*)$/gm)].map(([, key = '', value = '']) => [key, value])),
    )
    .filter((thread) => thread.has('processor'));
  const first = threads[0];
  const sockets = new Set(threads.flatMap((thread) => thread.get('physical id') ?? []));
  const cores = new Set(
    threads.flatMap((thread) => {
      const core = thread.get('core id');
      return core === undefined ? [] : `${thread.get('physical id') ?? '0'}/${core}`;
    }),
  );
  return {
    vendor: first?.get('vendor_id') ?? first?.get('CPU implementer') ?? null,
    model: first?.get('model name') ?? null,
    socket_count: sockets.size || null,
    physical_core_count: cores.size || null,
    logical_thread_count: threads.length || null,
  };
}

/** What tells where a Linux runs; null = there is no such file. */
export interface Traces {
  /** `/proc/version`. */
  readonly kernel: string | null;
  /** `/.dockerenv` and `/run/.containerenv`. */
  readonly dockerMark: string | null;
  readonly podmanMark: string | null;
  /** `/proc/1/cgroup`. */
  readonly cgroup: string | null;
  /** The environment variable that container managers set. */
  readonly container: string | null;
  /** `/proc/cpuinfo`. */
  readonly cpuInfo: string | null;
  /** `/sys/class/dmi/id/product_name`. */
  readonly product: string | null;
}

const NOWHERE = { name: null, version: null };

/** The innermost comes first: a container in a virtual machine is a container. */
export function findEnvironment(traces: Traces): Environment {
  if (traces.podmanMark !== null) return container('podman');
  if (traces.dockerMark !== null) return container('docker');
  if (traces.container) return container(traces.container);
  const manager = /docker|kubepods|containerd|lxc/.exec(traces.cgroup ?? '')?.[0];
  if (manager !== undefined) return container(manager);
  if (/microsoft/i.test(traces.kernel ?? '')) return { kind: 'wsl', name: 'WSL', version: null };
  if (/^flags\s*:.*\bhypervisor\b/m.test(traces.cpuInfo ?? '')) {
    return { kind: 'virtual_machine', name: traces.product?.trim() || null, version: null };
  }
  return { kind: traces.cpuInfo === null ? 'unknown' : 'native', ...NOWHERE };
}

function container(name: string): Environment {
  return { kind: 'container', name, version: null };
}

/** The name people use, for the names that systems use. */
export function architectureName(raw: string): string {
  const names: Readonly<Record<string, string>> = {
    x64: 'x86_64',
    amd64: 'x86_64',
    x86_64: 'x86_64',
    arm64: 'arm64',
    aarch64: 'arm64',
    ia32: 'x86',
    i686: 'x86',
  };
  return Object.hasOwn(names, raw) ? (names[raw] ?? raw) : raw;
}
