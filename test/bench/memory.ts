import { setTimeout as delay } from 'node:timers/promises';
import { freePort, freePorts } from '../kit/free-port.ts';
import type { Recipe } from './contestant.ts';
import { type InnerGateway, startInnerGateway } from './inner-gateway.ts';
import { configOf, lineUp } from './line-up.ts';
import { LOAD_CPU, onCpu, requireTools, residentMiB } from './machine.ts';
import { type NginxConfigs, nginxConfigs, PATHS } from './nginx.ts';
import { timedChat } from './request.ts';
import { printTable } from './table.ts';
import { hammer } from './wrk.ts';

const REQUESTS_PER_ROUND = 10_000;
const SWAPS_PER_ROUND = 500;
const SETTLE_MS = 2000;
/** What is kept of the last requests and transitions is complete by then, if the run is not a short one. */
const WARM_UP_SHARE = 0.3;
/** So that there is no more room for captures long before. */
const SMALL = { captureBuffer: 1 };

/** Whether anything grows: the memory of every gateway under load, and this one's heap after many requests and swaps. */
export async function benchMemory(recipes: readonly Recipe[], rounds: number, limitMs: number): Promise<void> {
  requireTools(['taskset', 'wrk', 'nginx']);
  using configs = nginxConfigs();
  const requests = rounds * REQUESTS_PER_ROUND;
  console.log(
    `Resident memory, MiB: idle, after ${requests / 10} requests at c64, after ${requests}, and 2 s later.\n`,
  );
  printTable(['through', 'idle', 'warm', 'after load', 'later'], await residents(recipes, configs, requests));

  const warm = `after the first ${WARM_UP_SHARE * 100} %`;
  console.log(
    `\nHeap of this gateway after a collection, in MiB: ${warm}, half-way through the rest, and in the end.\n`,
  );
  const swaps = rounds * SWAPS_PER_ROUND;
  const rows = [await afterRequests(configs, requests), await afterSwaps(configs, swaps, limitMs / 2)];
  printTable(['what', 'how many', 'warm', 'half-way', 'end', 'growth', 'RSS after', 's'], rows);
}

async function residents(recipes: readonly Recipe[], configs: NginxConfigs, requests: number): Promise<string[][]> {
  await using line = await lineUp(recipes, configs, (port) => configs.upstream(port));
  const rows: string[][] = [];
  for (const { name, url, pid } of line.all.slice(1)) {
    await delay(SETTLE_MS);
    const memory = [residentMiB(pid)];
    for (const count of [requests / 10, (requests * 9) / 10]) {
      await load(url, count);
      memory.push(residentMiB(pid));
    }
    await delay(SETTLE_MS);
    memory.push(residentMiB(pid));
    rows.push([name, ...memory.map((mib) => mib.toFixed(1))]);
  }
  return rows;
}

async function afterRequests(configs: NginxConfigs, requests: number): Promise<string[]> {
  const port = await freePort();
  await using gateway = await startInnerGateway({ ...configOf(port, configs.upstream(port)), ...SMALL });
  return await growth('requests', gateway, requests, (count) => load(gateway.url, count));
}

async function afterSwaps(configs: NginxConfigs, swaps: number, limitMs: number): Promise<string[]> {
  const first = await freePorts(2);
  const models = ['alpha', 'beta'].map((name, i): [string, object] => {
    const port = first + i;
    const argv = onCpu(LOAD_CPU, configs.upstream(port)).map((word) => `'${word}'`);
    return [name, { cmd: argv.join(' '), proxy: `http://127.0.0.1:${port}` }];
  });
  await using gateway = await startInnerGateway({ models: Object.fromEntries(models), ...SMALL });
  const deadline = performance.now() + limitMs;
  let swapped = 0;
  return await growth('swaps', gateway, swaps, async (count) => {
    let done = 0;
    for (; done < count && performance.now() < deadline; done++) {
      const which = swapped++ % 2;
      const { body } = await timedChat(gateway.url, models[which]?.[0] ?? '');
      if (!body.includes(`"port":${first + which},`)) throw new Error('the wrong model answered');
    }
    return done;
  });
}

/** @param work Does about so many; returns how many it did. */
async function growth(
  what: string,
  gateway: InnerGateway,
  count: number,
  work: (count: number) => Promise<number>,
): Promise<string[]> {
  const started = performance.now();
  let done = await work(count * WARM_UP_SHARE);
  const before = await gateway.figures();
  const rest = (count - done) / 2;
  done += await work(rest);
  const halfWay = await gateway.figures();
  done += await work(rest);
  const after = await gateway.figures();
  return [
    what,
    String(done),
    before.heapMiB.toFixed(2),
    halfWay.heapMiB.toFixed(2),
    after.heapMiB.toFixed(2),
    `${((after.heapMiB / before.heapMiB - 1) * 100).toFixed(1)} %`,
    after.rssMiB.toFixed(1),
    ((performance.now() - started) / 1000).toFixed(0),
  ];
}

/** Sends at least so many requests; returns how many it were. */
async function load(url: string, count: number): Promise<number> {
  let done = 0;
  const work = { path: PATHS.small, bodyBytes: 1000, connections: 64, seconds: 1 };
  while (done < count) done += (await hammer(url, work)).requests;
  return done;
}
