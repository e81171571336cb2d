import { ConfigError } from '../config/config.ts';
import { loadEnvironment } from './environment.ts';
import type { Io } from './io.ts';
import { loadStartup, type Startup } from './load-startup.ts';

/** A startup and the variables from which it was made. */
export interface ReadStartup extends Startup {
  readonly variables: Readonly<Record<string, string | undefined>>;
}

/**
 * Reads everything that a command needs before it begins: the environment, `.env`, and the files that they name.
 *
 * @param options.createKey whether to make a missing server key
 * @throws ConfigError with every problem at once, and with the unknown names in `.env`, which often explain the problems
 */
export async function readStartup(io: Io, options: { createKey: boolean }): Promise<ReadStartup> {
  const { variables, warnings } = await loadEnvironment(io.directory, io.environment);
  try {
    const startup = await loadStartup(variables, options);
    return { ...startup, warnings: [...startup.warnings, ...warnings], variables };
  } catch (error) {
    throw error instanceof ConfigError ? new ConfigError([...error.problems, ...warnings]) : error;
  }
}
