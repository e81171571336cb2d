import { StoreOpenError } from '../file/store-open-error.ts';
import type { TokenRow } from './incumbent-tokens.ts';

/** The version of the Rust server's tables (`PRAGMA user_version`). */
const KNOWN_VERSION = 1;

/** The part of `node:sqlite` that is used here. Node 20 has none. */
interface Sqlite {
  readonly DatabaseSync: new (
    path: string,
    options: { readonly readOnly: boolean },
  ) => {
    prepare(sql: string): {
      get(): Readonly<Record<string, unknown>> | undefined;
      iterate(): Iterable<unknown>;
    };
    close(): void;
  };
}

/** The Rust server's SQLite database, open for reading. Another process may write to it meanwhile: one statement reads one state. */
export class TokenDatabase implements Disposable {
  readonly #database: InstanceType<Sqlite['DatabaseSync']>;
  readonly #path: string;

  private constructor(database: InstanceType<Sqlite['DatabaseSync']>, path: string) {
    this.#database = database;
    this.#path = path;
  }

  /** @throws StoreOpenError if this Node has no SQLite, or the file is not a database of the Rust server's */
  static async open(path: string): Promise<TokenDatabase> {
    const name = 'node:sqlite';
    const sqlite = await (import(name) as Promise<Sqlite>).catch(() => undefined);
    if (sqlite === undefined) {
      throw new StoreOpenError(
        'this Node cannot read SQLite; run the command with Node 22.13 or newer, which the container image has',
      );
    }
    try {
      const database = new TokenDatabase(new sqlite.DatabaseSync(path, { readOnly: true }), path);
      database.#check();
      return database;
    } catch (error) {
      if (error instanceof StoreOpenError) throw error;
      throw unreadable(path, error);
    }
  }

  /** The fingerprint of the key with which the tokens are sealed. */
  get keyFingerprint(): Uint8Array | undefined {
    const value = this.#get("SELECT value FROM meta WHERE key = 'key_fingerprint'")?.['value'];
    return value instanceof Uint8Array ? value : undefined;
  }

  /** Every row of the table, one after the other. @throws StoreOpenError if the file is damaged */
  *rows(): Generator<TokenRow> {
    try {
      const all = this.#database.prepare(
        'SELECT trade_pubkey, platform, registered_at, nonce, token_ct FROM tokens',
      );
      for (const row of all.iterate()) yield row as TokenRow;
    } catch (error) {
      throw unreadable(this.#path, error);
    }
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }

  #check(): void {
    const version = this.#get('PRAGMA user_version')?.['user_version'];
    if (version === KNOWN_VERSION) return;
    this.#database.close();
    throw new StoreOpenError(
      `${this.#path} is no database of the Rust server's that this version knows (user_version ${String(version)})`,
    );
  }

  #get(sql: string): Readonly<Record<string, unknown>> | undefined {
    return this.#database.prepare(sql).get();
  }
}

/** SQLite's reason has no row in it. */
function unreadable(path: string, error: unknown): StoreOpenError {
  return new StoreOpenError(
    `${path} cannot be read (${(error as Error).message}). If it is the right file, copy it, and a -wal file beside it, into a directory that the user of this server may write to`,
  );
}
