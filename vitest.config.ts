import { defineConfig } from 'vitest/config';

import { PATIENCE_MS } from './stand-ins/patience.ts';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    // A test waits several times. A wait that ends in vain says what did not happen, so the test's own limit is longer.
    testTimeout: 3 * PATIENCE_MS,
    hookTimeout: 3 * PATIENCE_MS,
    expect: { poll: { timeout: PATIENCE_MS, interval: 20 } },
    pool: 'forks',
    // Most tests wait for sockets most of the time: with one worker for each core, cores would be idle.
    maxWorkers: 3,
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      // Commands are tested as processes of their own (`test/program/`, `test/store/commands.test.ts`), whose coverage is not measured.
      exclude: [
        'src/main.ts',
        'src/cli/{serve,doctor,trace,healthcheck,admin-client,store-command,store-info,reseal-store}.ts',
        'src/cli/doctor/**',
        'src/push/fcm/fcm-dry-run.ts',
        'src/**/*.test.ts',
      ],
      reporter: ['text-summary', 'html'],
      thresholds: { lines: 90, functions: 90, branches: 85, statements: 90 },
    },
  },
});
