import type { Recipe, Running } from './contestant.ts';
import { lineUp, rotated } from './line-up.ts';
import { cpuMs, requireTools } from './machine.ts';
import { nginxConfigs, PATHS } from './nginx.ts';
import { median } from './statistics.ts';
import { printTable } from './table.ts';
import { hammer, type Hammered, type Work } from './wrk.ts';

interface Case extends Omit<Work, 'seconds'> {
  readonly name: string;
}

const small = (connections: number): Case => ({
  name: `1 KB in, 600 B out, c${connections}`,
  path: PATHS.small,
  bodyBytes: 1000,
  connections,
});

const CASES: readonly Case[] = [
  small(1),
  small(16),
  small(64),
  small(256),
  { name: '100 KB in, c16', path: PATHS.upload, bodyBytes: 100_000, connections: 16 },
  { name: '5 MB in, c4', path: PATHS.upload, bodyBytes: 5_000_000, connections: 4 },
  { name: '20 MB out, c2', path: PATHS.download, bodyBytes: 1000, connections: 2 },
];

/** Compilers take a dozen seconds; a gateway that has run for a day has them behind it. */
const WARM_UP = small(64);
const WARM_UP_S = 15;

interface Slice extends Hammered {
  readonly cpuUs: number;
}

/** Requests per second, latency and CPU time per request, beside the upstream alone and nginx as the proxy. */
export async function benchProxy(
  recipes: readonly Recipe[],
  rounds: number,
  limitMs: number,
  running: Running | null,
): Promise<void> {
  requireTools(['taskset', 'wrk', 'nginx']);
  using configs = nginxConfigs();
  await using line = await lineUp(recipes, configs, (port) => configs.upstream(port), running);
  const slices = (rounds + 1) * CASES.length * line.all.length;
  const seconds = Math.max(1, Math.min(3, Math.floor(limitMs / 1000 / slices)));
  const series = new Map<string, Slice[]>();
  const seriesOf = (work: Case, target: string): Slice[] => {
    const key = `${target}: ${work.name}`;
    return series.get(key) ?? series.set(key, []).get(key)!;
  };

  const { path, bodyBytes, connections } = WARM_UP;
  for (const { url } of line.all) await hammer(url, { path, bodyBytes, connections, seconds: WARM_UP_S });
  for (let round = 0; round <= rounds; round++) {
    for (const work of CASES) {
      for (const { name, url, pid } of rotated(line.all, round)) {
        const before = cpuMs(pid);
        const hammered = await hammer(url, { ...work, seconds });
        const cpuUs = ((cpuMs(pid) - before) * 1000) / hammered.requests;
        // The first round warms up what only this kind of work uses.
        if (round > 0) seriesOf(work, name).push({ ...hammered, cpuUs });
      }
    }
  }

  console.log(`\n${rounds} interleaved rounds of ${seconds} s each after one to warm up; medians.`);
  console.log('CPU: user + system of the process in the middle, per request (direct: of the upstream).\n');
  const rows = CASES.flatMap((work) =>
    line.all.map(({ name }) => {
      const own = seriesOf(work, name);
      const direct = seriesOf(work, line.direct.name);
      const nginx = seriesOf(work, line.nginx.name);
      // Figures of the same round beside each other: what slowed one has mostly slowed the other.
      const compared = (others: Slice[], figure: (own: Slice, other: Slice) => number) =>
        median(own.map((slice, i) => figure(slice, others[i] ?? slice)));
      return [
        work.name,
        name,
        median(own.map(({ perSecond }) => perSecond)).toFixed(0),
        compared(nginx, (a, b) => a.perSecond / b.perSecond).toFixed(2),
        median(own.map(({ p50Ms }) => p50Ms)).toFixed(2),
        compared(direct, (a, b) => a.p50Ms - b.p50Ms).toFixed(2),
        median(own.map(({ p99Ms }) => p99Ms)).toFixed(1),
        median(own.map(({ cpuUs }) => cpuUs)).toFixed(0),
        name === line.direct.name ? '–' : compared(nginx, (a, b) => a.cpuUs / b.cpuUs).toFixed(1),
      ];
    }),
  );
  printTable(['work', 'through', 'req/s', '× nginx', 'p50 ms', 'added', 'p99 ms', 'CPU µs', '× nginx'], rows);
}
