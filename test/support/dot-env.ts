import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect } from 'vitest';

import { loadEnvironment } from '../../src/cli/environment.ts';
import { loadStartup, type Startup } from '../../src/cli/load-startup.ts';
import { ConfigError } from '../../src/config/config.ts';
import { tempDirectory } from './temp-directory.ts';

/** Reads a `.env` with these bytes, beside variables that other tools have set. */
export async function startWith(
  dotEnv: string | Uint8Array,
  environment: Record<string, string> = {},
): Promise<Startup> {
  const directory = await tempDirectory();
  await writeFile(join(directory, '.env'), dotEnv, { mode: 0o600 });
  const { problems, variables } = await loadEnvironment(directory, environment);
  return loadStartup({ DATA_DIR: directory, ...variables }, { createKey: false, problems });
}

export async function problemsOf(
  dotEnv: string | Uint8Array,
  environment: Record<string, string> = {},
): Promise<readonly string[]> {
  const error: unknown = await startWith(dotEnv, environment).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ConfigError);
  return (error as ConfigError).problems;
}
