import { createDecipheriv } from 'node:crypto';

import { SECOND_MS, type Clock } from '../../core/basics/clock.ts';
import { parseTarget, type EndpointPolicy, type Platform } from '../../core/registry/push-target.ts';
import { expiryOf, type Lifetime, type Registration } from '../../core/registry/registration.ts';
import { parseTradePubkey } from '../../core/registry/trade-pubkey.ts';
import { hkdf } from '../../lib/hkdf.ts';

const SALT = 'mostro-push-token-store-v1';
const KEY_BYTES = 32;
const TAG_BYTES = 16;
/** The Rust server's numbers of platforms. It is not known to store any other. */
const PLATFORMS: ReadonlyMap<unknown, Platform> = new Map([
  [0, 'android'],
  [1, 'ios'],
]);

/** A row of the Rust server's table `tokens`, unchecked. */
export type TokenRow = Readonly<
  Record<'trade_pubkey' | 'platform' | 'registered_at' | 'nonce' | 'token_ct', unknown>
>;

/** What became of a row. `refused`: the row opens, and its token or endpoint is one that this server does not take. */
export type RowFate = 'taken' | 'expired' | 'unreadable' | 'unknown platform' | 'refused';

export interface IncumbentTokensOptions {
  /** `TOKEN_STORE_KEY`: 32 bytes. */
  readonly storeKey: Uint8Array;
  readonly allowsEndpoint: EndpointPolicy;
  readonly lifetime: Lifetime;
  readonly clock: Clock;
}

/** Reads the rows of the Rust server's store, in which tokens are sealed with a key of its own. */
export class IncumbentTokens {
  readonly #options: IncumbentTokensOptions;
  readonly #key: Buffer;
  readonly #counts: Record<RowFate, number> = {
    taken: 0,
    expired: 0,
    unreadable: 0,
    'unknown platform': 0,
    refused: 0,
  };

  constructor(options: IncumbentTokensOptions) {
    this.#options = options;
    this.#key = hkdf(SALT, options.storeKey, 'device-token-encryption', KEY_BYTES);
  }

  /** How many rows had which fate. */
  get counts(): Readonly<Record<RowFate, number>> {
    return this.#counts;
  }

  /** Whether the database was made with this key. @param fingerprint as the database has it */
  hasFingerprint(fingerprint: Uint8Array): boolean {
    return hkdf(SALT, this.#options.storeKey, 'key-fingerprint', fingerprint.length).equals(fingerprint);
  }

  /** @returns the registrations of the rows that can be used, each with the time at which the app registered it */
  *read(rows: Iterable<TokenRow>): Generator<Registration> {
    for (const row of rows) {
      const read = this.#read(row);
      this.#counts[typeof read === 'string' ? read : 'taken']++;
      if (typeof read !== 'string') yield read;
    }
  }

  #read(row: TokenRow): Registration | Exclude<RowFate, 'taken'> {
    const { allowsEndpoint, clock, lifetime } = this.#options;
    const written = row.trade_pubkey;
    const tradePubkey = typeof written === 'string' ? parseTradePubkey(written) : undefined;
    const token = typeof written === 'string' ? this.#open(row, written) : undefined;
    if (tradePubkey === undefined || token === undefined || typeof row.registered_at !== 'number')
      return 'unreadable';
    const platform = PLATFORMS.get(row.platform);
    if (platform === undefined) return 'unknown platform';
    const now = clock();
    const registeredAt = Math.min(now, row.registered_at * SECOND_MS);
    const expiresAt = expiryOf(registeredAt, registeredAt, lifetime);
    if (expiresAt <= now) return 'expired';
    const target = parseTarget(token, allowsEndpoint);
    if (typeof target === 'string') return 'refused';
    return { tradePubkey, target, platform, registeredAt, expiresAt, woken: false, signed: false };
  }

  /** @param tradePubkey as the row has it: the seal covers these bytes */
  #open({ nonce, token_ct: sealed }: TokenRow, tradePubkey: string): string | undefined {
    if (!(nonce instanceof Uint8Array) || !(sealed instanceof Uint8Array)) return undefined;
    if (nonce.length !== 12 || sealed.length < TAG_BYTES) return undefined;
    try {
      const options = { authTagLength: TAG_BYTES };
      const decipher = createDecipheriv('chacha20-poly1305', this.#key, nonce, options);
      const text = sealed.subarray(0, sealed.length - TAG_BYTES);
      decipher.setAAD(Buffer.from(tradePubkey), { plaintextLength: text.length });
      decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
      return Buffer.concat([decipher.update(text), decipher.final()]).toString('utf8');
    } catch {
      return undefined; // The tag does not match.
    }
  }
}
