import { randomBytes, randomUUID, timingSafeEqual, createHash } from 'node:crypto';
import { link, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { Secret } from '../core/basics/secret.ts';

const BYTES = 32;

/** A token file that cannot be used. The message tells the operator what to do. */
export class AdminTokenError extends Error {
  override readonly name = 'AdminTokenError';
}

/**
 * The bearer token for calls of the admin listener that can name a trade key: `DATA_DIR/admin.token`, readable by its owner only (contract
 * 8). The server or the command that calls it creates the file, whichever needs it first.
 */
export class AdminToken {
  readonly #directory: string;
  readonly #path: string;

  constructor(directory: string) {
    this.#directory = directory;
    this.#path = join(directory, 'admin.token');
  }

  /** @throws AdminTokenError if the file can be neither read nor created, or if other users can read it */
  async read(): Promise<Secret<string>> {
    try {
      const { mode } = await this.#status();
      if ((mode & 0o077) !== 0)
        throw new AdminTokenError(`${this.#path} is open to other users; run: chmod 600 ${this.#path}`);
      const token = (await readFile(this.#path, 'utf8')).trim();
      if (token === '') throw new AdminTokenError(`${this.#path} is empty; remove it, and a new one is made`);
      return new Secret(token);
    } catch (error) {
      if (error instanceof AdminTokenError) throw error;
      const { code } = error as NodeJS.ErrnoException;
      throw new AdminTokenError(`${this.#path} cannot be read or made (${code})`);
    }
  }

  /** Whether this is the token. The file is read each time, so a replaced token works at once. */
  async accepts(presented: string): Promise<boolean> {
    const token = await this.read();
    return timingSafeEqual(digest(presented), digest(token.reveal()));
  }

  async #status(): Promise<{ mode: number }> {
    return stat(this.#path).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      await this.#make();
      return stat(this.#path);
    });
  }

  /** Creates the file complete or not at all, and never over an existing file. */
  async #make(): Promise<void> {
    const draft = `${this.#path}.${randomUUID()}.new`;
    try {
      await mkdir(this.#directory, { recursive: true, mode: 0o700 });
      await writeFile(draft, `${randomBytes(BYTES).toString('hex')}\n`, { mode: 0o600, flag: 'wx' });
      await link(draft, this.#path).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error;
      });
    } finally {
      await rm(draft, { force: true });
    }
  }
}

/** Has the same length for every text, as `timingSafeEqual` requires. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
