import { freePorts } from '../kit/free-port.ts';
import { startBare } from './bare.ts';
import { type Recipe, start } from './contestant.ts';
import { timedChat, type Timed } from './request.ts';

export interface BenchModel {
  readonly name: string;
  /** Its command, word by word. */
  readonly argv: (port: number | string) => string[];
}

export interface Limits {
  readonly rounds: number;
  /** No round begins after this; on the clock of `performance.now()`. */
  readonly deadline: number;
}

const WARM_UP_ROUNDS = 3;

/** One series per contestant: what each swap took, beside what stop and load took bare in the same round. */
export interface Series {
  readonly contestant: string;
  readonly swaps: Timed[];
  readonly bareMs: number[];
}

/**
 * Swaps a → b → a → … through every contestant, with a bare stop and load of the same programs in each round, so that
 * whatever slows the machine for a while slows both. The first rounds warm everything up and are not counted.
 */
export async function alternate(
  recipes: readonly Recipe[],
  [a, b]: readonly [BenchModel, BenchModel],
  { rounds, deadline }: Limits,
): Promise<Series[]> {
  await using stack = new AsyncDisposableStack();
  const contestants = [];
  for (const recipe of recipes) {
    const contestant = await start(recipe, await configOf([a, b]));
    stack.defer(() => contestant.close());
    await timedChat(contestant.url, a.name);
    contestants.push(contestant);
  }
  const barePort = await freePorts(2);
  let bare = await startBare(a.argv(barePort), barePort);
  stack.defer(async () => void (await bare.stop()));

  const series = contestants.map(({ name }): Series => ({ contestant: name, swaps: [], bareMs: [] }));
  for (let round = 0; round < WARM_UP_ROUNDS + rounds && performance.now() < deadline; round++) {
    const next = round % 2 === 0 ? b : a;
    const stopMs = await bare.stop();
    bare = await startBare(next.argv(barePort), barePort);
    for (const [i, { url }] of contestants.entries()) {
      const swap = await timedChat(url, next.name);
      if (round < WARM_UP_ROUNDS) continue;
      series[i]?.swaps.push(swap);
      series[i]?.bareMs.push(stopMs + bare.loadMs);
    }
  }
  return series;
}

async function configOf(models: readonly BenchModel[]): Promise<object> {
  const quoted = ({ argv }: BenchModel) => argv('${PORT}').map((word) => `'${word}'`);
  return {
    startPort: await freePorts(2),
    models: Object.fromEntries(models.map((model) => [model.name, { cmd: quoted(model).join(' ') }])),
  };
}
