import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { parseDotEnv } from '../config/dot-env.ts';
import { isIncumbents } from '../config/incumbent-variables.ts';
import type { Variable } from '../config/variable.ts';
import { VARIABLES } from '../config/variables.ts';
import { unwrap } from '../config/written-text.ts';
import { decodeText, WrongEncoding } from '../lib/decode-text.ts';
import { isOpenToAll, remedyForRights } from '../lib/file-rights.ts';

/** The variables that the systemd unit and the other files of `deploy/` set. An operator who changes one in `.env` expects an effect. */
const OF_DEPLOYMENT = new Set(['DATA_DIR', 'LOG_FILE', 'SERVER_HOST', 'STORE']);

type Environment = Readonly<Record<string, string | undefined>>;

/** The variables of a command, and what the operator should know about their file. */
export interface LoadedEnvironment {
  readonly variables: Environment;
  /** Sentences for the operator, also about each unknown name in the file, which is mostly a typing error. */
  readonly warnings: readonly string[];
  /** Why the file cannot be used. */
  readonly problems: readonly string[];
}

/** Joins the `.env` file of a directory, if there is one, with the environment. The environment wins. */
export async function loadEnvironment(
  directory: string,
  environment: Environment,
): Promise<LoadedEnvironment> {
  const path = join(directory, '.env');
  const { text, problems } = await readText(path);
  const known: Readonly<Record<string, Variable<unknown>>> = VARIABLES;
  const isKnown = (name: string): boolean => Object.hasOwn(known, name);
  const file = parseDotEnv(text, isKnown);
  // An empty variable counts as unset, so it does not hide what the file says.
  const set = Object.fromEntries(
    Object.entries(environment).filter(
      ([name, value]) => value !== undefined && (unwrap(value) !== '' || known[name]?.takesEmpty === true),
    ),
  );
  return {
    variables: { ...file.variables, ...set },
    warnings: [
      ...file.notes,
      ...Object.entries(file.variables).flatMap(([name, value]) => effectOf(name, value, set[name])),
      ...(await rightsOf(path)),
    ],
    problems,
  };
}

/** A warning if a variable in the file has no effect. @param set its value in the environment, which wins */
function effectOf(name: string, value: string, set: string | undefined): string[] {
  if (!Object.hasOwn(VARIABLES, name))
    return isIncumbents(name) ? [] : [`${name} in .env means nothing to this program`];
  const isHidden = OF_DEPLOYMENT.has(name) && set !== undefined && set !== value;
  return isHidden ? [`${name} in .env has no effect, because the environment has another value`] : [];
}

async function readText(
  path: string,
): Promise<{ readonly text: string; readonly problems: readonly string[] }> {
  try {
    return { text: decodeText(await readFile(path)), problems: [] };
  } catch (error) {
    if (error instanceof WrongEncoding) return { text: error.text, problems: [`.env: ${error.message}`] };
    const { code } = error as NodeJS.ErrnoException;
    const isMissing = code === 'ENOENT' || code === 'EISDIR';
    return { text: '', problems: isMissing ? [] : [`.env: cannot be read (${code})`] };
  }
}

/** A warning if every user can read the file, which may have keys in it now or later. */
async function rightsOf(path: string): Promise<string[]> {
  const file = await stat(path).catch(() => undefined);
  if (file?.isFile() !== true || !isOpenToAll(file.mode)) return [];
  return [`.env can be read by every user of this machine; ${await remedyForRights(path, 'chmod o-r')}`];
}
