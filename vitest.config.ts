import { readdirSync, readFileSync } from 'node:fs';

import { defineConfig } from 'vitest/config';

import { PATIENCE_MS } from './stand-ins/patience.ts';

/** Test files that replace a module. Each has a process of its own: in another one the module would be loaded already, or stay replaced. */
const REPLACING = ['src', 'test'].flatMap((folder) =>
  readdirSync(folder, { encoding: 'utf8', recursive: true })
    .filter((path) => path.endsWith('.test.ts'))
    .map((path) => `${folder}/${path}`)
    .filter((path) => /\bvi\.(mock|doMock)\(/.test(readFileSync(path, 'utf8'))),
);

export default defineConfig({
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'shared',
          include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: REPLACING,
          // All other files share the processes of the workers, and the modules in them: loading these anew for each file took a third of the time.
          isolate: false,
        },
      },
      { extends: true, test: { name: 'alone', include: REPLACING } },
    ],
    setupFiles: ['test/support/after-each-file.ts'],
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
        'src/{main,program}.ts',
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
