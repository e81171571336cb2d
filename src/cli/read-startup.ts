import { ConfigError } from '../config/config.ts';
import { actAsOwner, type Use } from './data-owner.ts';
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
 * @param options.use what the command does with the server's files: it goes on as the user to whom they belong
 * @throws ConfigError with every problem at once, and with the unknown names in `.env`, which often explain the problems
 */
export async function readStartup(io: Io, options: { createKey: boolean; use: Use }): Promise<ReadStartup> {
  const { problems, variables, warnings } = await loadEnvironment(io.directory, io.environment);
  await actAsOwner(io, variables, options.use);
  try {
    const startup = await loadStartup(variables, { createKey: options.createKey, problems });
    return { ...startup, warnings: [...startup.warnings, ...warnings], variables };
  } catch (error) {
    throw error instanceof ConfigError ? new ConfigError([...error.problems, ...warnings]) : error;
  }
}
