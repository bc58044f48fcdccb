import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // These need a real llama-server (Debian packages); `npm run test:real` runs them.
    exclude: ['test/real-llama/**', 'node_modules/**'],
    // Far more than any test needs: a busy machine must not make one fail.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
  },
});
