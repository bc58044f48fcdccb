import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release } from 'node:os';

/** Whatever makes the load, and the upstreams, share one core; the gateway has the other one to itself. */
export const LOAD_CPU = 0;
export const GATEWAY_CPU = 1;

/** Where the programs come from that Node does not bring. */
const PACKAGES = { taskset: 'util-linux', wrk: 'wrk', nginx: 'nginx-light' } as const;

export type Tool = keyof typeof PACKAGES;

/** The command, to be run on one core only; so are all processes that it starts. */
export function onCpu(cpu: number, argv: readonly string[]): string[] {
  return ['taskset', '-c', String(cpu), ...argv];
}

/** @throws Error that says what to install, or that there is only one core. */
export function requireTools(tools: readonly Tool[]): void {
  const missing = tools.filter((tool) => spawnSync(tool, [tool === 'nginx' ? '-v' : '--version']).error);
  if (missing.length > 0) {
    const packages = missing.map((tool) => PACKAGES[tool]).join(' ');
    throw new Error(`this bench needs ${missing.join(' and ')}; on Debian: apt-get install ${packages}
(The nginx package also starts a web server on port 80. To keep that from happening:
ln -s /dev/null /etc/systemd/system/nginx.service, or use a container.)`);
  }
  if (availableParallelism() < 2) throw new Error('this bench needs two cores, one of them for the gateway alone');
}

/** What a table was measured on, to be printed with it. */
export function machineLine(): string {
  const model = cpus()[0]?.model.trim() || 'unknown CPU';
  const [minute = 0] = loadavg();
  return `${model}, ${cpus().length} cores, Linux ${release()}, Node ${process.versions.node}; load average when it began: ${minute.toFixed(1)}`;
}

/** CPU time of a process, user and system, all of its threads, in milliseconds; it grows in steps of 10. NaN of none. */
export function cpuMs(pid: number | null): number {
  if (pid === null) return NaN;
  // The second field is the name in brackets, which may hold anything.
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** The memory of a process that is in RAM. */
export function residentMiB(pid: number | null): number {
  if (pid === null) return NaN;
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib) / 1024;
}

/** The time that all processes of this machine share, in milliseconds. */
export function sharedNow(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
