import { fileURLToPath } from 'node:url';
import { alternate, type BenchModel, type Limits, type Series } from './alternate.ts';
import type { Recipe } from './contestant.ts';
import { summary } from './statistics.ts';
import { printTable } from './table.ts';

const UPSTREAM = fileURLToPath(new URL('upstream.ts', import.meta.url));

/** What a swap adds over the upstream's own stop and load, with upstreams that print a line when ready and silent ones. */
export async function benchSwap(recipes: readonly Recipe[], rounds: number, limitMs: number): Promise<void> {
  console.log(`Request for the other model → its first byte, ${rounds} swaps each; median · p95 in ms.\n`);
  const rows: string[][] = [];
  for (const talkative of [true, false]) {
    for (const series of await measure(recipes, talkative, { rounds, deadline: performance.now() + limitMs / 2 })) {
      const took = series.swaps.map(({ firstByteMs }) => firstByteMs);
      const added = took.map((ms, i) => ms - (series.bareMs[i] ?? NaN));
      rows.push([
        series.contestant,
        talkative ? 'prints a line' : 'silent',
        String(took.length),
        summary(series.bareMs),
        summary(took),
        summary(added),
      ]);
    }
  }
  printTable(['gateway', 'upstream', 'swaps', 'bare stop + load', 'swap', 'added'], rows);
}

function measure(recipes: readonly Recipe[], talkative: boolean, limits: Limits): Promise<Series[]> {
  const model = (name: string): BenchModel => ({
    name,
    argv: (port) => {
      const words = [process.execPath, UPSTREAM, '--name', name, '--port', String(port), '--load-ms', '50'];
      return talkative ? [...words, '--talkative'] : words;
    },
  });
  return alternate(recipes, [model('alpha'), model('beta')], limits);
}
