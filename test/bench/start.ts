import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Recipe, start } from './contestant.ts';
import { residentMiB } from './machine.ts';
import { median, summary } from './statistics.ts';
import { printTable } from './table.ts';

const COUNTS = [3, 500];

function configOf(models: number): object {
  const ids = Array.from({ length: models }, (_, i) => `model-${i}`);
  return { models: Object.fromEntries(ids.map((id) => [id, { cmd: 'llama-server --port ${PORT}' }])) };
}

/** How long a memory settles after the start before it is read. */
const SETTLE_MS = 4000;

interface Series {
  readonly recipe: Recipe;
  readonly models: number;
  readonly cache: string;
  readonly startMs: number[];
  readonly memoryMiB: number[];
}

/** From the spawn to the first answer, and the memory of a gateway that nobody has asked anything yet. */
export async function benchStart(recipes: readonly Recipe[], rounds: number, limitMs: number): Promise<void> {
  const deadline = performance.now() + limitMs;
  const folder = mkdtempSync(join(tmpdir(), 'llama-swap-bench-cache-'));
  // A cache for each row, or the first start of one would be helped by another.
  const all = recipes.flatMap((recipe, i) =>
    COUNTS.map((models): Series => ({
      recipe,
      models,
      cache: join(folder, `${i}-${models}`),
      startMs: [],
      memoryMiB: [],
    })),
  );
  try {
    for (let round = 0; round <= rounds && (round < 2 || performance.now() < deadline); round++) {
      for (const { recipe, models, cache, startMs, memoryMiB } of all) {
        process.env['NODE_COMPILE_CACHE'] = cache;
        const gateway = await start(recipe, configOf(models));
        startMs.push(gateway.startMs);
        if (round % 5 === 1) {
          await delay(SETTLE_MS);
          memoryMiB.push(residentMiB(gateway.pid));
        }
        await gateway.close();
      }
    }
  } finally {
    delete process.env['NODE_COMPILE_CACHE'];
    rmSync(folder, { recursive: true, force: true });
  }
  console.log(`Start → first answer, up to ${rounds} starts after the very first; median · p95 in ms.\n`);
  const rows = all.map(({ recipe, models, startMs: [first = NaN, ...later], memoryMiB }) => {
    return [recipe.name, String(models), first.toFixed(0), summary(later), median(memoryMiB).toFixed(1)];
  });
  printTable(['gateway', 'models', 'very first start, ms', 'start, ms', 'idle RSS, MiB'], rows);
}
