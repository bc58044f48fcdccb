import { parseArgs } from 'node:util';
import { OURS, type Recipe } from './contestant.ts';
import { benchReal } from './real.ts';
import { benchStart } from './start.ts';
import { benchSwap } from './swap.ts';

type Bench = (recipes: readonly Recipe[], rounds: number, limitMs: number) => Promise<void>;

const BENCHES: Readonly<Record<string, Bench>> = { swap: benchSwap, real: benchReal, start: benchStart };

const USAGE = `usage: npm run bench -- NAME [--rounds N] [--limit SECONDS] [--peer 'NAME=COMMAND']...

  swap    what a swap adds over the upstream's own stop and load
  real    a real llama-server swapped between two tiny models (Debian packages)
  start   from the start to the first answer, and the memory of an idle gateway

  --peer adds another gateway to the same run. COMMAND is a shell command in which {config}, {port} and {folder} stand
  for a configuration file in llama-swap's form, the port to listen on and a folder for data.`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '30' },
    limit: { type: 'string', default: '120' },
    peer: { type: 'string', multiple: true, default: [] },
  },
});

const name = positionals[0] ?? '';
const bench = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined;
if (bench === undefined) {
  console.error(USAGE);
  process.exit(2);
}
const peers = values.peer.map((peer) => {
  const [name = '', ...command] = peer.split('=');
  return { name, command: command.join('=') };
});
await bench([OURS, ...peers], Number(values.rounds), Number(values.limit) * 1000);
process.exit(0);
