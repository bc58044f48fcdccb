import { existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type TinyModel, writeTinyGguf } from './tiny-gguf/write.ts';

/**
 * Makes the models of the real llama-server tests in a folder; files that are there are kept:
 *
 *     node test/real-llama/make-tiny-models.ts .cache/real-llama/models
 *
 * They hold random weights and know one sentence each, so that an answer names the model that gave it.
 */
const TINY: TinyModel = {
  layers: 2,
  width: 64,
  heads: 4,
  feedForward: 128,
  encoding: 'f32',
  context: 2048,
  seed: 1,
  say: '',
  loop: false,
  pad: 0,
};

const COUNTING = 'one two three four five six seven eight nine ten';

const MODELS: Readonly<Record<string, TinyModel>> = {
  'tiny-alpha': { ...TINY, say: 'Hello from model alpha.' },
  'tiny-beta': { ...TINY, seed: 2, say: 'Greetings out of model beta.' },
  /** Answers for as long as it is allowed to. */
  'tiny-loop': { ...TINY, seed: 3, say: COUNTING, loop: true, context: 131_072 },
  /** 200 000 tokens that nobody uses take about a second to load. */
  'tiny-slow': { ...TINY, seed: 4, say: 'Slow and steady, from model gamma.', pad: 200_000, encoding: 'f16' },
};

const folder = process.argv[2];
if (folder === undefined) {
  console.error('usage: node make-tiny-models.ts FOLDER');
  process.exit(2);
}
mkdirSync(folder, { recursive: true });
for (const [name, model] of Object.entries(MODELS)) {
  const file = join(folder, `${name}.gguf`);
  if (!existsSync(file)) writeTinyGguf(file, model);
  console.log(`${file} ${statSync(file).size} bytes`);
}
