import { cannotRead } from '../lib/cannot-read.ts';
import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readFile, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

import { decodeText, WrongEncoding } from '../lib/decode-text.ts';
import { remedyForRights } from '../lib/file-rights.ts';
import { readKeyText } from '../lib/key-text.ts';
import { generatePrivateKey, parseServerKey, type ServerKey } from './server-key.ts';

/** A key file that cannot be used. The message tells the operator why and what to do. */
export class ServerKeyFileError extends Error {
  override readonly name = 'ServerKeyFileError';
}

export interface LoadedServerKey {
  readonly key: ServerKey;
  readonly created: boolean;
  /** A sentence for the operator. It does not stop the start. */
  readonly warning?: string;
}

/**
 * Reads the server's key file: 64 hex characters, or the same in another form that people have (`readKeyText`).
 *
 * @throws ServerKeyFileError if the file is missing, readable by everyone, or contains no key
 */
export async function readServerKeyFile(path: string): Promise<Omit<LoadedServerKey, 'created'>> {
  const status = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw new ServerKeyFileError(`${cannotRead(path, error.code)}; expected a file of 64 hex characters`);
  });
  if (!status.isFile())
    throw new ServerKeyFileError(`${path} is not a file; expected one of 64 hex characters`);
  const { mode } = status;
  if ((mode & 0o006) !== 0) {
    const what = (mode & 0o004) === 0 ? 'changed' : 'read';
    const remedy = await remedyForRights(path, 'chmod 600');
    throw new ServerKeyFileError(`${path} can be ${what} by every user of this machine; ${remedy}`);
  }
  const key = await readKey(path);
  const shared = (mode & 0o060) !== 0;
  return { key, ...(shared && { warning: `${path} is open to its group; consider: chmod 600 ${path}` }) };
}

async function readKey(path: string): Promise<ServerKey> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw new ServerKeyFileError(cannotRead(path, error.code));
  });
  const read = readKeyText(textOf(path, bytes));
  const key = 'hex' in read ? parseServerKey(read.hex) : undefined;
  if (key !== undefined) return key;
  const trouble = 'hex' in read ? 'the number is no scalar of secp256k1' : read.trouble;
  throw new ServerKeyFileError(`${path} does not hold a private key; expected 64 hex characters; ${trouble}`);
}

function textOf(path: string, bytes: Uint8Array): string {
  try {
    return decodeText(bytes);
  } catch (error) {
    if (!(error instanceof WrongEncoding)) throw error;
    throw new ServerKeyFileError(`${path} ${error.message}`);
  }
}

/** Whether there is anything at the path, readable or not. If so, no key file is made there. */
export async function hasServerKeyFile(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
  );
}

/** Reads the server's key file, or makes it, with mode 0600, when there is none yet. */
export async function loadOrCreateServerKeyFile(path: string): Promise<LoadedServerKey> {
  const created = !(await hasServerKeyFile(path)) && (await createServerKeyFile(path));
  return { ...(await readServerKeyFile(path)), created };
}

/** Removes a key file that was made a moment ago, for a start that was refused then. A file with another key stays. */
export async function removeServerKeyFile(path: string, { publicKeyHex }: ServerKey): Promise<void> {
  const found = await readServerKeyFile(path).catch(() => undefined);
  if (found?.key.publicKeyHex === publicKeyHex) await rm(path, { force: true });
}

/**
 * Makes the key file completely or not at all, and never over an existing key: the file is written beside its place, then linked there.
 *
 * @returns false if another process has made one a moment ago; that file is then used
 */
async function createServerKeyFile(path: string): Promise<boolean> {
  const draft = `${path}.${randomUUID()}.new`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const file = await open(draft, 'wx', 0o600);
    try {
      await file.writeFile(`${generatePrivateKey()}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await link(draft, path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    throw new ServerKeyFileError(
      `${path} cannot be made (${code}); make its directory writable, or set SERVER_PRIVATE_KEY`,
    );
  } finally {
    await rm(draft, { force: true }).catch(() => undefined);
  }
}
