import { fileURLToPath } from 'node:url';
import { freePort, freePorts } from '../kit/free-port.ts';
import { startBare } from './bare.ts';
import { type Recipe, start } from './contestant.ts';
import { fewestLoads } from './fewest-loads.ts';
import { loadsWithoutForesight } from './loads-without-foresight.ts';
import { timedChat } from './request.ts';
import { median } from './statistics.ts';
import { printTable } from './table.ts';

const UPSTREAM = fileURLToPath(new URL('upstream.ts', import.meta.url));
const CLIENTS = 5;
const MODELS = ['alpha', 'beta', 'gamma', 'delta', 'epsilon'];
const REQUESTS_EACH = 16;
const LOAD_MS = 50;
const SERVICE_MS = 10;
const BARE_SAMPLES = 5;

interface Run {
  readonly totalMs: number;
  readonly loads: number;
  readonly bareMs: number;
}

/**
 * Five clients, each asking for one model after the other, and only one model fits. How long all of it takes, beside
 * the loads and the service alone: for as many loads as the gateway made, for as few as a gateway can hope for that does
 * not know what comes, and for as few as anybody could make who knew all requests in advance.
 */
export async function benchMixed(recipes: readonly Recipe[], rounds: number, limitMs: number): Promise<void> {
  const deadline = performance.now() + limitMs;
  const plan = planOf(7);
  const runs = new Map(recipes.map(({ name }): [string, Run[]] => [name, []]));
  for (let round = 0; round < rounds && (round === 0 || performance.now() < deadline); round++) {
    for (const recipe of recipes) runs.get(recipe.name)?.push(await run(recipe, plan));
  }
  const unforeseen = loadsWithoutForesight(CLIENTS, MODELS.length, REQUESTS_EACH);
  const rows = [...runs].map(([name, series]) => {
    const figure = (read: (run: Run) => number) => median(series.map(read));
    const bound = ({ bareMs }: Run) => fewestLoads(plan, { loadMs: bareMs, serviceMs: SERVICE_MS });
    /** At the least, one request's time of service after each load. */
    const taking = (loads: number, { bareMs }: Run) => loads * (bareMs + SERVICE_MS);
    return [
      name,
      String(series.length),
      figure(({ totalMs }) => totalMs).toFixed(0),
      figure(({ bareMs }) => bareMs).toFixed(0),
      figure(({ loads }) => loads).toFixed(0),
      unforeseen.toFixed(1),
      figure((run) => bound(run).loads).toFixed(0),
      figure((run) => run.totalMs / taking(run.loads, run)).toFixed(2),
      figure((run) => run.totalMs / taking(unforeseen, run)).toFixed(2),
      figure((run) => run.totalMs / bound(run).totalMs).toFixed(2),
    ];
  });
  const requests = CLIENTS * REQUESTS_EACH;
  console.log(`${requests} requests of ${CLIENTS} clients for ${MODELS.length} models that take turns; medians.\n`);
  const loads = ['loads', 'unforeseen', 'fewest'];
  printTable(
    ['gateway', 'runs', 'total ms', 'bare stop + load ms', ...loads, ...loads.map((name) => `× ${name}`)],
    rows,
  );
}

async function run(recipe: Recipe, plan: readonly (readonly string[])[]): Promise<Run> {
  await using stack = new AsyncDisposableStack();
  const argv = (name: string, port: number | string): string[] => {
    const words = [process.execPath, UPSTREAM, '--name', name, '--port', String(port), '--talkative'];
    return [...words, '--load-ms', String(LOAD_MS), '--service-ms', String(SERVICE_MS)];
  };
  const barePort = await freePort();
  const bareMs: number[] = [];
  const sampleBare = async () => {
    for (let i = 0; i < BARE_SAMPLES; i++) {
      const bare = await startBare(argv('bare', barePort), barePort);
      bareMs.push(bare.loadMs + (await bare.stop()));
    }
  };
  const cmd = (name: string) => argv(name, '${PORT}').map((word) => `'${word}'`);
  const gateway = await start(recipe, {
    startPort: await freePorts(MODELS.length),
    models: Object.fromEntries(MODELS.map((name) => [name, { cmd: cmd(name).join(' ') }])),
  });
  stack.defer(() => gateway.close());
  // Warms up what a swap uses; the last of them is nobody's first in the plan, so that every load counts.
  for (const model of MODELS) await timedChat(gateway.url, model);

  await sampleBare();
  const processes = new Set<string>();
  const started = performance.now();
  await Promise.all(
    plan.map(async (models) => {
      for (const model of models) {
        const { name, pid } = JSON.parse((await timedChat(gateway.url, model)).body) as { name: string; pid: number };
        if (name !== model) throw new Error(`${model} was asked for, and ${name} answered`);
        processes.add(`${name} ${pid}`);
      }
    }),
  );
  const totalMs = performance.now() - started;
  await sampleBare();
  return { totalMs, loads: processes.size, bareMs: median(bareMs) };
}

/** The same requests every time: for each client a row of models, the next never the same as the one before it. */
function planOf(seed: number): string[][] {
  let state = seed;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  return Array.from({ length: CLIENTS }, () => {
    let last = MODELS.length - 1;
    return Array.from({ length: REQUESTS_EACH }, () => {
      last = (last + 1 + random(MODELS.length - 1)) % MODELS.length;
      return MODELS[last] ?? '';
    });
  });
}
