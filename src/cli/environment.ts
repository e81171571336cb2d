import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseEnv } from 'node:util';

import { ConfigError } from '../config/config.ts';
import { isIncumbents } from '../config/incumbent-variables.ts';
import type { Variable } from '../config/variable.ts';
import { VARIABLES } from '../config/variables.ts';

/** The variables that the systemd unit and the other files of `deploy/` set. An operator who changes one in `.env` expects an effect. */
const OF_DEPLOYMENT = new Set(['DATA_DIR', 'LOG_FILE', 'SERVER_HOST', 'STORE']);

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Joins the `.env` file of a directory, if there is one, with the environment. The environment wins.
 *
 * @returns the joined variables, and a warning for each unknown name in the file, which is mostly a typing error
 * @throws ConfigError if the file exists and cannot be read
 */
export async function loadEnvironment(
  directory: string,
  environment: Environment,
): Promise<{ variables: Environment; warnings: string[] }> {
  const text = await readFile(join(directory, '.env'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'EISDIR') return '';
    throw new ConfigError([`.env: cannot be read (${error.code})`]);
  });
  const file = parseEnv(text.replace(/^\uFEFF/, ''));
  const variables: Readonly<Record<string, Variable<unknown>>> = VARIABLES;
  // An empty variable counts as unset, so it does not hide what the file says.
  const set = Object.fromEntries(
    Object.entries(environment).filter(
      ([name, value]) => value !== undefined && (value.trim() !== '' || variables[name]?.takesEmpty === true),
    ),
  );
  return {
    variables: { ...file, ...set },
    warnings: Object.entries(file).flatMap(([name, value]) => {
      if (!Object.hasOwn(variables, name))
        return isIncumbents(name) ? [] : [`${name} in .env means nothing to this program`];
      const isHidden = OF_DEPLOYMENT.has(name) && set[name] !== undefined && set[name] !== value;
      return isHidden ? [`${name} in .env has no effect, because the environment has another value`] : [];
    }),
  };
}
