import { ConfigError } from '../config/config.ts';
import { loadEnvironment } from './environment.ts';
import type { Io } from './io.ts';
import { loadStartup, type Startup } from './load-startup.ts';

/** A startup, with the texts that it was made of. */
export interface SettledStartup extends Startup {
  readonly variables: Readonly<Record<string, string | undefined>>;
}

/**
 * Settles all that a command needs before it starts: the environment, `.env`, and the files that they name.
 *
 * @param options.createKey whether a missing server key is made
 * @throws ConfigError with every problem at once, and what in `.env` means nothing, which often explains them
 */
export async function settle(io: Io, options: { createKey: boolean }): Promise<SettledStartup> {
  const { variables, warnings } = await loadEnvironment(io.directory, io.environment);
  try {
    const startup = await loadStartup(variables, options);
    return { ...startup, warnings: [...startup.warnings, ...warnings], variables };
  } catch (error) {
    throw error instanceof ConfigError ? new ConfigError([...error.problems, ...warnings]) : error;
  }
}
