import { ConfigError } from '../config/config.ts';
import { loadEnvironment } from './environment.ts';
import type { Io } from './io.ts';
import { loadStartup, type Startup } from './load-startup.ts';

/**
 * Settles all that a command needs before it starts: the environment, `.env`, and the files that they name.
 *
 * @param options.createKey whether a missing server key is made
 * @throws ConfigError with every problem at once, and what in `.env` means nothing, which often explains them
 */
export async function settle(io: Io, options: { createKey: boolean }): Promise<Startup> {
  const { variables, warnings } = await loadEnvironment(io.directory, io.environment);
  try {
    const startup = await loadStartup(variables, options);
    return { ...startup, warnings: [...startup.warnings, ...warnings] };
  } catch (error) {
    throw error instanceof ConfigError ? new ConfigError([...error.problems, ...warnings]) : error;
  }
}
