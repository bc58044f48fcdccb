import { ALPHA_SAYS, BETA_SAYS, LLAMA_SERVER, modelFile, THRIFTY, type TinyModel } from '../real-llama/llama-server.ts';
import install from '../real-llama/install.ts';
import { alternate, type BenchModel } from './alternate.ts';
import type { Recipe } from './contestant.ts';
import { summary } from './statistics.ts';
import { printTable } from './table.ts';

/** A real llama-server with tiny models, swapped alpha ↔ beta: from the request to the whole answer. */
export async function benchReal(recipes: readonly Recipe[], rounds: number, limitMs: number): Promise<void> {
  install();
  const model = (name: string, file: TinyModel): BenchModel => ({
    name,
    argv: (port) => [LLAMA_SERVER, '-m', modelFile(file), '--port', String(port), ...THRIFTY.split(' ')],
  });
  const models = [model('alpha', 'tiny-alpha'), model('beta', 'tiny-beta')] as const;
  const all = await alternate(recipes, models, { rounds, deadline: performance.now() + limitMs });

  console.log(`\nllama-server, alpha ↔ beta: request → whole answer, ${rounds} swaps each; median · p95 in ms.\n`);
  const rows = all.map(({ contestant, swaps, bareMs }) => {
    for (const { body } of swaps) {
      if (!body.includes(ALPHA_SAYS) && !body.includes(BETA_SAYS)) throw new Error(`not a model's sentence: ${body}`);
    }
    const took = swaps.map(({ totalMs }) => totalMs);
    const added = took.map((ms, i) => ms - (bareMs[i] ?? NaN));
    return [contestant, String(took.length), summary(bareMs), summary(took), summary(added)];
  });
  printTable(['gateway', 'swaps', 'bare stop + start', 'request → answer', 'added'], rows);
}
