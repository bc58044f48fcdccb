import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Runs install.sh before the suite. Without a llama-server the suite fails: a skipped test proves nothing. */
export default function install(): void {
  const script = fileURLToPath(new URL('install.sh', import.meta.url));
  const { status, error } = spawnSync('bash', [script], { stdio: ['ignore', 'inherit', 'inherit'], timeout: 300_000 });
  if (status !== 0) throw new Error(`install.sh failed: there is no llama-server to test with (${error ?? status})`);
}
