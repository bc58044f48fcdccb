import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../kit/free-port.ts';
import type { Recipe } from './contestant.ts';
import type { CrowdFigures } from './crowd.ts';
import { startInnerGateway } from './inner-gateway.ts';
import { configOf } from './line-up.ts';
import { cpuMs, LOAD_CPU, onCpu, requireTools } from './machine.ts';
import { timedRequest } from './request.ts';
import { median } from './statistics.ts';
import { printTable } from './table.ts';

const UPSTREAM = fileURLToPath(new URL('upstream.ts', import.meta.url));
const CROWD = fileURLToPath(new URL('crowd.ts', import.meta.url));
const WAITING = 10_000;

type Figures = Readonly<Record<string, number>>;

/** 10 000 requests that wait for one load: what they take while they wait, and how they are let go. Only this gateway. */
export async function benchQueue(_recipes: readonly Recipe[], rounds: number, limitMs: number): Promise<void> {
  requireTools(['taskset']);
  const deadline = performance.now() + limitMs;
  const runs: Figures[] = [];
  for (let round = 0; round < rounds && (round === 0 || performance.now() < deadline); round++) runs.push(await run());
  const [first = {}] = runs;
  const rows = Object.keys(first).map((figure) => [figure, median(runs.map((run) => run[figure] ?? NaN)).toFixed(1)]);
  console.log(
    `${WAITING} requests waiting for one load; medians of ${runs.length} runs, each in a gateway of its own.\n`,
  );
  printTable(['figure', 'median'], rows);
}

async function run(): Promise<Figures> {
  const port = await freePort();
  const upstream = [process.execPath, UPSTREAM, '--port', String(port), '--on-demand', '--talkative'];
  const limits = { healthCheckTimeout: 600, scheduler: { maxQueue: 2 * WAITING, maxWait: 600 } };
  await using gateway = await startInnerGateway({ ...configOf(port, upstream), ...limits });
  await delay(500);
  const idle = await gateway.figures();

  await gateway.restart();
  const crowd = onCpu(LOAD_CPU, [process.execPath, CROWD, gateway.url, String(WAITING)]);
  const child = spawn(crowd[0] ?? '', crowd.slice(1), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  await once(child, 'message');
  await untilIdle(gateway.pid);
  const waiting = await gateway.figures();

  await gateway.restart();
  await timedRequest(`http://127.0.0.1:${port}/load`);
  const [crowdFigures] = (await once(child, 'message')) as [CrowdFigures];
  const after = await gateway.figures();
  await untilIdle(gateway.pid);
  const settled = await gateway.figures();
  return {
    'event-loop delay while they come, p99 ms': waiting.delayP99Ms,
    'event-loop delay while they are let go, p50 ms': after.delayP50Ms,
    'event-loop delay while they are let go, p99 ms': after.delayP99Ms,
    'event-loop delay while they are let go, longest ms': after.delayMaxMs,
    'ready → first answer, ms': crowdFigures.firstMs - after.readyAtMs,
    'ready → half of the answers, ms': crowdFigures.medianMs - after.readyAtMs,
    'ready → last answer, ms': crowdFigures.lastMs - after.readyAtMs,
    'heap before, MiB': idle.heapMiB,
    'heap while they wait, MiB': waiting.heapMiB,
    'heap after, MiB': settled.heapMiB,
    'RSS before, MiB': idle.rssMiB,
    'RSS while they wait, MiB': waiting.rssMiB,
    'RSS after, MiB': settled.rssMiB,
    'not answered with 200': crowdFigures.failed,
  };
}

/** Until the gateway has read everything there is to read: it uses no more CPU time. */
async function untilIdle(pid: number): Promise<void> {
  let before = -1;
  for (let now = cpuMs(pid); now - before > 10; now = cpuMs(pid)) {
    before = now;
    await delay(500);
  }
}
