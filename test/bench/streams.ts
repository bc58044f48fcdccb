import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Recipe, Running } from './contestant.ts';
import { lineUp, rotated, type Target } from './line-up.ts';
import { cpuMs, LOAD_CPU, onCpu, requireTools } from './machine.ts';
import { nginxConfigs } from './nginx.ts';
import { median } from './statistics.ts';
import type { StreamFigures } from './stream-client.ts';
import { printTable } from './table.ts';

const UPSTREAM = fileURLToPath(new URL('stream-upstream.ts', import.meta.url));
const CLIENT = fileURLToPath(new URL('stream-client.ts', import.meta.url));
const COUNTS = [100, 500];
const EVENTS_PER_SECOND = 50;
/** Until all streams have begun and compilers are done; sent, but not measured. */
const SKIP_SECONDS = 1;

interface Slice extends StreamFigures {
  /** CPU time of the process in the middle, per event. */
  readonly cpuUs: number;
}

/** What is added to each chunk of many streams at the same time, and what a chunk costs. */
export async function benchStreams(
  recipes: readonly Recipe[],
  rounds: number,
  limitMs: number,
  running: Running | null,
): Promise<void> {
  requireTools(['taskset', 'nginx']);
  using configs = nginxConfigs();
  await using line = await lineUp(
    recipes,
    configs,
    (port) => [process.execPath, UPSTREAM, '--port', String(port)],
    running,
  );
  const slices = (rounds + 1) * COUNTS.length * line.all.length;
  const seconds = SKIP_SECONDS + Math.max(1, Math.min(5, Math.floor(limitMs / 1000 / slices) - 2 * SKIP_SECONDS));
  const rows: string[][] = [];
  for (const count of COUNTS) {
    const series = new Map(line.all.map(({ name }): [string, Slice[]] => [name, []]));
    for (let round = 0; round <= rounds; round++) {
      for (const target of rotated(line.all, round)) {
        const slice = await listen(target, count, seconds);
        if (round > 0) series.get(target.name)?.push(slice);
      }
    }
    rows.push(...line.all.map(({ name }) => rowOf(count, name, series, line)));
  }
  console.log(`\n${EVENTS_PER_SECOND} chunks of 200 B a second in each stream, ${seconds} s, of which the last`);
  console.log(
    `${seconds - SKIP_SECONDS} s count; ${rounds} interleaved rounds after one to warm up; medians. Added: to direct, per round.`,
  );
  console.log('CPU: user + system of the process in the middle, per chunk (direct: of the upstream).');
  console.log(
    'The client of the bench and the upstream share the other core: "load" is how much of it they use, direct.\n',
  );
  printTable(['streams', 'through', 'p50 ms', 'added', 'p99 ms', 'added', 'CPU µs', '× nginx', 'lost', 'load'], rows);
}

async function listen({ url, pid }: Target, streams: number, seconds: number): Promise<Slice> {
  const options = {
    url,
    streams,
    events: seconds * EVENTS_PER_SECOND,
    skip: SKIP_SECONDS * EVENTS_PER_SECOND,
  };
  const words = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const [program = '', ...rest] = onCpu(LOAD_CPU, [process.execPath, CLIENT, ...words]);
  const before = cpuMs(pid);
  const { stdout } = await promisify(execFile)(program, rest, { timeout: (seconds + 60) * 1000 });
  const figures = JSON.parse(stdout) as StreamFigures;
  return { ...figures, cpuUs: ((cpuMs(pid) - before) * 1000) / figures.events };
}

function rowOf(
  streams: number,
  name: string,
  series: ReadonlyMap<string, Slice[]>,
  line: { readonly direct: Target; readonly nginx: Target },
): string[] {
  const of = (target: string) => series.get(target) ?? [];
  const compared = (other: Target, figure: (own: Slice, other: Slice) => number) =>
    median(of(name).map((slice, i) => figure(slice, of(other.name)[i] ?? slice)));
  const figure = (read: (slice: Slice) => number) => median(of(name).map(read));
  const isDirect = name === line.direct.name;
  const eventMs = 1000 / EVENTS_PER_SECOND / streams;
  const loadShare = figure(({ cpuUs, cpuMs, events }) => (cpuUs / 1000 + cpuMs / events) / eventMs);
  return [
    `${streams} × ${EVENTS_PER_SECOND}/s`,
    name,
    figure(({ p50Ms }) => p50Ms).toFixed(2),
    compared(line.direct, (a, b) => a.p50Ms - b.p50Ms).toFixed(2),
    figure(({ p99Ms }) => p99Ms).toFixed(2),
    compared(line.direct, (a, b) => a.p99Ms - b.p99Ms).toFixed(2),
    figure(({ cpuUs }) => cpuUs).toFixed(1),
    isDirect ? '–' : compared(line.nginx, (a, b) => a.cpuUs / b.cpuUs).toFixed(1),
    of(name)
      .reduce((sum, { lost }) => sum + lost, 0)
      .toFixed(0),
    isDirect ? `${(loadShare * 100).toFixed(0)} %` : '',
  ];
}
