import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseEnv } from 'node:util';

import { FUTURE_VARIABLES } from '../config/future-variables.ts';
import { VARIABLES } from '../config/variables.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Joins the `.env` file of a directory, if there is one, with the environment, which wins.
 *
 * @returns the joined variables, and the names in the file that mean nothing to us: mostly slips of the pen
 */
export async function loadEnvironment(
  directory: string,
  environment: Environment,
): Promise<{ variables: Environment; unknown: readonly string[] }> {
  const text = await readFile(join(directory, '.env'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'EISDIR') return '';
    throw error;
  });
  const file = parseEnv(text);
  const known = new Set<string>([...Object.keys(VARIABLES), ...FUTURE_VARIABLES]);
  return {
    variables: { ...file, ...environment },
    unknown: Object.keys(file).filter((name) => !known.has(name)),
  };
}
