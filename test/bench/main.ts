import { parseArgs } from 'node:util';
import { OURS, type Recipe, type Running } from './contestant.ts';
import { machineLine } from './machine.ts';
import { benchMemory } from './memory.ts';
import { benchMixed } from './mixed.ts';
import { benchProxy } from './proxy.ts';
import { benchQueue } from './queue.ts';
import { benchReal } from './real.ts';
import { benchStart } from './start.ts';
import { benchStreams } from './streams.ts';
import { benchSwap } from './swap.ts';

interface Bench {
  readonly run: (recipes: readonly Recipe[], rounds: number, limitMs: number, running: Running | null) => Promise<void>;
  /** Whether it can do without starting a gateway. */
  readonly takesRunning?: true;
  /** What counts as one round differs: a swap, a slice of load, a start. */
  readonly rounds: number;
  /** As a part of `all`. */
  readonly shortRounds: number;
  readonly limitS: number;
  readonly about: string;
}

const BENCHES: Readonly<Record<string, Bench>> = {
  proxy: {
    run: benchProxy,
    takesRunning: true,
    rounds: 5,
    shortRounds: 1,
    limitS: 300,
    about: 'requests per second, latency and CPU per request',
  },
  streams: {
    run: benchStreams,
    takesRunning: true,
    rounds: 5,
    shortRounds: 1,
    limitS: 300,
    about: 'what is added to each chunk of many streams',
  },
  swap: {
    run: benchSwap,
    rounds: 100,
    shortRounds: 10,
    limitS: 240,
    about: 'what a swap adds to the stop and load of the upstream',
  },
  mixed: {
    run: benchMixed,
    rounds: 5,
    shortRounds: 1,
    limitS: 180,
    about: 'five clients over five models that take turns',
  },
  real: {
    run: benchReal,
    rounds: 100,
    shortRounds: 10,
    limitS: 120,
    about: 'a real llama-server swapped between tiny models',
  },
  queue: { run: benchQueue, rounds: 3, shortRounds: 1, limitS: 180, about: '10 000 requests that wait for one load' },
  start: {
    run: benchStart,
    rounds: 15,
    shortRounds: 3,
    limitS: 120,
    about: 'start → first answer, idle memory; 3 and 500 models',
  },
  memory: {
    run: benchMemory,
    rounds: 10,
    shortRounds: 1,
    limitS: 900,
    about: 'memory after 100 000 requests and 5 000 swaps',
  },
};

const SHORT_LIMIT_S = 40;

/** Where a gateway that runs already is to find the upstream. */
const UPSTREAM_PORT = '18123';

const USAGE = `usage: npm run bench -- NAME [--rounds N] [--limit SECONDS] [further gateways]

${Object.entries(BENCHES)
  .map(([name, { about }]) => `  ${name.padEnd(8)} ${about}`)
  .join('\n')}
  all      a short version of everything

  --peer-cmd NAME=COMMAND  adds another gateway to the same run. COMMAND is a shell command in which {config}, {port} and
                           {folder} stand for a configuration file in llama-swap's form, the port to listen on and a
                           folder for data.
  --peer NAME=URL          adds one that runs already, to proxy and streams. It must have a model "m" whose server is at
                           http://127.0.0.1:PORT, where PORT is ${UPSTREAM_PORT} unless --upstream-port says otherwise.
  --variant NAME=JSON      adds this gateway once more, with further top-level keys, in which {upstream} stands for the
                           URL of the upstream alone: --variant 'no captures={"captureBuffer":0}'.`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string' },
    limit: { type: 'string' },
    peer: { type: 'string', multiple: true, default: [] },
    'peer-cmd': { type: 'string', multiple: true, default: [] },
    'upstream-port': { type: 'string', default: UPSTREAM_PORT },
    variant: { type: 'string', multiple: true, default: [] },
  },
});

const name = positionals[0] ?? '';
const isAll = name === 'all';
if (!isAll && !Object.hasOwn(BENCHES, name)) {
  console.error(USAGE);
  process.exit(2);
}
const nameAndRest = (text: string): readonly [string, string] => {
  const at = text.indexOf('=');
  return [text.slice(0, at), text.slice(at + 1)];
};
const recipes: Recipe[] = [
  OURS,
  ...values.variant.map(nameAndRest).map(([name, settings]) => ({ ...OURS, name, settings })),
  ...values['peer-cmd'].map(nameAndRest).map(([name, command]) => ({ name, command })),
];

const running: Running | null =
  values.peer.length === 0
    ? null
    : {
        gateways: values.peer.map(nameAndRest).map(([name, url]) => ({ name, url: url.replace(/\/$/, '') })),
        upstreamPort: Number(values['upstream-port']),
      };

let failed = false;
for (const [title, { run, rounds, shortRounds, limitS, takesRunning = false }] of Object.entries(BENCHES)) {
  if (!isAll && title !== name) continue;
  console.log(`\n## ${title}\n\n${machineLine()}\n`);
  try {
    const [usualRounds, usualS] = isAll ? [shortRounds, SHORT_LIMIT_S] : [rounds, limitS];
    if (running !== null && !takesRunning) console.log('Gateways that run already take no part in this.\n');
    await run(recipes, Number(values.rounds ?? usualRounds), Number(values.limit ?? usualS) * 1000, running);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    failed = true;
  }
}
process.exit(failed ? 1 : 0);
