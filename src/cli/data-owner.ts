import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import { ConfigError, readVariables } from '../config/config.ts';
import { storeFiles } from '../store/contents/store-files.ts';
import type { Io } from './io.ts';

/** What a command does with the files of `DATA_DIR`. */
export type Use = 'serve' | 'read' | 'write';

const ROOT = 0;

interface Owner {
  readonly user: number;
  readonly group: number;
  /** Whether the owner was read from a file of the server. Otherwise there is none yet, and it is the directory's. */
  readonly isOfFiles: boolean;
}

/**
 * Makes root the user to whom the server's files belong, so that every file that a command writes is one that the server can read and
 * write. Any other user than the owner may not write: a new file would be this user's.
 *
 * @param variables of the configuration
 * @throws ConfigError if this user must not go on
 */
export async function actAsOwner(
  { identity }: Io,
  variables: Readonly<Record<string, string | undefined>>,
  use: Use,
): Promise<void> {
  const { DATA_DIR: directory } = readVariables(variables).values;
  if (identity === undefined || directory === undefined) return;
  const owner = await ownerOf(directory);
  if (owner === undefined || owner.user === identity.user) return;
  if (identity.user !== ROOT) {
    // A directory of root's without files is the volume of a container, in which this user may write.
    const mustNotWrite = owner.isOfFiles || owner.user !== ROOT;
    if (use === 'write' && mustNotWrite) throw refusal(directory, owner);
    return;
  }
  // A server that root starts in an empty directory is root's.
  if (use === 'serve' && !owner.isOfFiles) return;
  try {
    identity.become(owner.user, owner.group);
  } catch {
    throw refusal(directory, owner);
  }
}

function refusal(directory: string, { user }: Owner): ConfigError {
  return new ConfigError([
    `DATA_DIR: ${directory} belongs to the user with the number ${user}, and the server could not read what another user writes there; run this as that user`,
  ]);
}

/** The owner of the first file that is there. A file that an operator has put in its place, such as a backup, comes last. */
async function ownerOf(directory: string): Promise<Owner | undefined> {
  const names = ['store.lock', 'admin.token', 'server.key'].map((name) => join(directory, name));
  for (const path of [...names, storeFiles(directory).everything, directory]) {
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined) return { user: found.uid, group: found.gid, isOfFiles: path !== directory };
  }
  return undefined;
}
