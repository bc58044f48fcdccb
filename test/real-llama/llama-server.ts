import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../../.cache/real-llama', import.meta.url));

export type TinyModel = 'tiny-alpha' | 'tiny-beta' | 'tiny-loop' | 'tiny-slow';

/** What the models say, word for word. */
export const ALPHA_SAYS = 'Hello from model alpha.';
export const BETA_SAYS = 'Greetings out of model beta.';
export const SLOW_SAYS = 'Slow and steady, from model gamma.';

export const LLAMA_SERVER = `${FOLDER}/llama-server`;
export const PROMTOOL = `${FOLDER}/promtool`;

export function modelFile(model: TinyModel): string {
  return `${FOLDER}/models/${model}.gguf`;
}

/** A small context, one slot and one thread: ggml's threads spin at their barriers, and a busy machine makes that slow. */
export const THRIFTY = '--host 127.0.0.1 -c 2048 -np 1 -t 1 -tb 1';

/** A `cmd` for the configuration. */
export function llamaCommand(model: TinyModel, more = ''): string {
  return `'${LLAMA_SERVER}' -m '${modelFile(model)}' --port \${PORT} ${THRIFTY} ${more}`;
}

/** The processes of this test file that serve a model, by what the operating system says and not the gateway. */
export function pidsServing(model: TinyModel): number[] {
  const ours = `LLAMA_SWAP_TEST_MARK=${process.env['LLAMA_SWAP_TEST_MARK']}`;
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => stringsIn(`/proc/${pid}/cmdline`).includes(modelFile(model)))
    .filter((pid) => stringsIn(`/proc/${pid}/environ`).includes(ours))
    .map(Number);
}

function stringsIn(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\0');
  } catch {
    // The process ended between the listing and the look.
    return [];
  }
}
