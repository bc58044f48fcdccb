import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** `npm run test:real`: the tests that need a real llama-server. */
export default defineConfig({
  test: {
    root: fileURLToPath(new URL('../..', import.meta.url)),
    include: ['test/real-llama/**/*.test.ts'],
    globalSetup: ['test/real-llama/install.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // One at a time: each of these programs takes a whole core while it starts.
    maxWorkers: 1,
  },
});
