import { defineConfig } from 'vitest/config';

import { PATIENCE_MS } from './stand-ins/patience.ts';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    // A test waits several times: its own limit comes after theirs, which say what did not happen.
    testTimeout: 3 * PATIENCE_MS,
    hookTimeout: 3 * PATIENCE_MS,
    expect: { poll: { timeout: PATIENCE_MS, interval: 20 } },
    pool: 'forks',
    // What a test waits for is mostly a socket: with as many workers as cores, cores are idle.
    maxWorkers: 3,
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      // Commands are tested as processes of their own (`test/program-*`, `test/store-commands`), whose coverage is not seen here.
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
