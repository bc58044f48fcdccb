import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../kit/free-port.ts';
import { OURS, type Recipe, start } from './contestant.ts';
import type { CrowdFigures } from './crowd.ts';
import { startInnerGateway } from './inner-gateway.ts';
import { configOf } from './line-up.ts';
import { cpuMs, GATEWAY_CPU, LOAD_CPU, onCpu, requireTools, residentMiB } from './machine.ts';
import { timedRequest } from './request.ts';
import { median } from './statistics.ts';
import { printTable } from './table.ts';

const UPSTREAM = fileURLToPath(new URL('upstream.ts', import.meta.url));
const CROWD = fileURLToPath(new URL('crowd.ts', import.meta.url));
const WAITING = 10_000;
/** V8 looks at what it could give back when nothing has happened for some seconds. */
const QUIET_MS = 15_000;

type Figures = Readonly<Record<string, number>>;

/** 10 000 requests that wait for one load: what they take while they wait, and how they are let go. Only this gateway. */
export async function benchQueue(_recipes: readonly Recipe[], rounds: number, limitMs: number): Promise<void> {
  requireTools(['taskset']);
  const deadline = performance.now() + limitMs;
  const runs: Figures[] = [];
  for (let round = 0; round < rounds && (round === 0 || performance.now() < deadline); round++) {
    runs.push({ ...(await runInside()), ...(await runInstalled()) });
  }
  const [first = {}] = runs;
  const rows = Object.keys(first).map((figure) => [figure, median(runs.map((run) => run[figure] ?? NaN)).toFixed(1)]);
  console.log(
    `${WAITING} requests waiting for one load; medians of ${runs.length} runs, each with gateways of its own: one in a program that\nlooks into it, and for its resident memory one as it is installed.\n`,
  );
  printTable(['figure', 'median'], rows);
}

/** In a program of the bench, which knows its event loop and its heap. */
async function runInside(): Promise<Figures> {
  const { port, config } = await loadedOnDemand();
  await using gateway = await startInnerGateway(config);
  await delay(500);
  const idle = await gateway.figures();
  await gateway.restart();
  const { waiting, crowd } = await letWait(gateway.url, port, gateway.pid, async () => {
    const figures = await gateway.figures();
    await gateway.restart();
    return figures;
  });
  const after = await gateway.figures();
  await untilIdle(gateway.pid);
  const settled = await gateway.figures();
  return {
    'event-loop delay while they come, p99 ms': waiting.delayP99Ms,
    'event-loop delay while they are let go, p50 ms': after.delayP50Ms,
    'event-loop delay while they are let go, p99 ms': after.delayP99Ms,
    'event-loop delay while they are let go, longest ms': after.delayMaxMs,
    'ready → first answer, ms': crowd.firstMs - after.readyAtMs,
    'ready → half of the answers, ms': crowd.medianMs - after.readyAtMs,
    'ready → last answer, ms': crowd.lastMs - after.readyAtMs,
    'heap before, MiB': idle.heapMiB,
    'heap while they wait, MiB': waiting.heapMiB,
    'heap after, MiB': settled.heapMiB,
    'not answered with 200': crowd.failed,
  };
}

/** As it is installed, where nobody tells V8 when to collect. */
async function runInstalled(): Promise<Figures> {
  const { port, config } = await loadedOnDemand();
  const gateway = await start(OURS, config, { cpu: GATEWAY_CPU });
  try {
    await delay(QUIET_MS);
    const idle = residentMiB(gateway.pid);
    const resident = () => Promise.resolve(residentMiB(gateway.pid));
    const { waiting } = await letWait(gateway.url, port, gateway.pid, resident);
    const after = residentMiB(gateway.pid);
    await delay(QUIET_MS);
    return {
      'RSS before, MiB': idle,
      'RSS while they wait, MiB': waiting,
      'RSS when all are answered, MiB': after,
      [`RSS after ${QUIET_MS / 1000} s of quiet, MiB`]: residentMiB(gateway.pid),
    };
  } finally {
    await gateway.close();
  }
}

async function loadedOnDemand(): Promise<{ port: number; config: object }> {
  const port = await freePort();
  const upstream = [process.execPath, UPSTREAM, '--port', String(port), '--on-demand', '--talkative'];
  const limits = { healthCheckTimeout: 600, scheduler: { maxQueue: 2 * WAITING, maxWait: 600 } };
  return { port, config: { ...configOf(port, upstream), ...limits } };
}

/** Lets a crowd wait for a model, and then the model load. @param look is called in between */
async function letWait<T>(
  url: string,
  upstreamPort: number,
  gatewayPid: number | null,
  look: () => Promise<T>,
): Promise<{ waiting: T; crowd: CrowdFigures }> {
  const command = onCpu(LOAD_CPU, [process.execPath, CROWD, url, String(WAITING)]);
  const child = spawn(command[0] ?? '', command.slice(1), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  await once(child, 'message');
  await untilIdle(gatewayPid);
  const waiting = await look();
  await timedRequest(`http://127.0.0.1:${upstreamPort}/load`);
  const [crowd] = (await once(child, 'message')) as [CrowdFigures];
  return { waiting, crowd };
}

/** Until the gateway has read everything there is to read: it uses less than a tenth of a core. */
async function untilIdle(pid: number | null): Promise<void> {
  let before = -1;
  for (let now = cpuMs(pid); now - before > 50; now = cpuMs(pid)) {
    before = now;
    await delay(500);
  }
}
