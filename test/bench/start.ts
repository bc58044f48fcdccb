import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Recipe, start } from './contestant.ts';
import { quantile, summary } from './statistics.ts';
import { printTable } from './table.ts';

const CONFIG = {
  models: Object.fromEntries(['alpha', 'beta', 'gamma'].map((id) => [id, { cmd: 'llama-server --port ${PORT}' }])),
};

/** How long a memory settles after the start before it is read. */
const SETTLE_MS = 2000;

/** From the spawn to the first answer, and the memory of a gateway that nobody has asked anything yet. */
export async function benchStart(recipes: readonly Recipe[], rounds: number, limitMs: number): Promise<void> {
  const deadline = performance.now() + limitMs;
  const cache = mkdtempSync(join(tmpdir(), 'llama-swap-bench-cache-'));
  process.env['NODE_COMPILE_CACHE'] = cache;
  const rows: string[][] = [];
  try {
    for (const recipe of recipes) {
      const startMs: number[] = [];
      const memoryMiB: number[] = [];
      for (let round = 0; round <= rounds && performance.now() < deadline; round++) {
        const gateway = await start(recipe, CONFIG);
        startMs.push(gateway.startMs);
        if (round % 5 === 1) {
          await delay(SETTLE_MS);
          memoryMiB.push(residentMiB(gateway.pid));
        }
        await gateway.close();
      }
      const [first = NaN, ...later] = startMs;
      rows.push([recipe.name, first.toFixed(0), summary(later), quantile(memoryMiB, 0.5).toFixed(1)]);
    }
  } finally {
    rmSync(cache, { recursive: true, force: true });
  }
  console.log(`Start → first answer, ${rounds} starts after the very first; median · p95 in ms.\n`);
  printTable(['gateway', 'very first start, ms', 'start, ms', 'idle RSS, MiB'], rows);
}

function residentMiB(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib) / 1024;
}
