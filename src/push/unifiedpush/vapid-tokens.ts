import type { KeyObject } from 'node:crypto';

import { SignJWT } from 'jose';

import { HOUR_MS, SECOND_MS, type Clock } from '../../core/basics/clock.ts';

/** Half of what RFC 8292 allows: a push server whose clock is hours behind still takes the token. */
const VALID_MS = 12 * HOUR_MS;
/** A third of its life is left when a token is replaced, for a push server whose clock is ahead. */
const REUSE_MS = 8 * HOUR_MS;
/** Origins that are remembered. Beyond that the oldest token is made anew when it is needed: 0.2 ms of work. */
const MAX_ORIGINS = 5000;

/** Who signs, and whom a push server may write to. */
export interface VapidIdentity {
  /** Of P-256. */
  readonly privateKey: KeyObject;
  /** 65 bytes as base64url. */
  readonly publicKey: string;
  /** `mailto:` or `https:`. */
  readonly subject: string | undefined;
}

interface Token {
  readonly header: Promise<string>;
  /** When it was made, by the time of day and by the monotonic clock. */
  readonly date: number;
  readonly madeAt: number;
}

/** What tells push servers that it is always the same server that pushes (VAPID, RFC 8292): one signed token for each origin. */
export class VapidTokens {
  readonly #identity: VapidIdentity;
  readonly #clock: Clock;
  readonly #monotonic: Clock;
  /** By origin, oldest first. */
  readonly #tokens = new Map<string, Token>();

  /**
   * @param clock the time of day, which a token's end is named by
   * @param monotonic what a token is kept by, in milliseconds
   */
  constructor(identity: VapidIdentity, clock: Clock, monotonic: Clock = clock) {
    this.#identity = identity;
    this.#clock = clock;
    this.#monotonic = monotonic;
  }

  /** The `Authorization` header for a push server. @param origin scheme, host and port of the endpoint */
  header(origin: string): Promise<string> {
    const [date, now] = [this.#clock(), this.#monotonic()];
    const known = this.#tokens.get(origin);
    // One that was made in the future was made before the clock was set right: its end may be too far away.
    if (known !== undefined && date >= known.date && now - known.madeAt < REUSE_MS) return known.header;
    const header = this.#sign(origin, date);
    this.#keep(origin, { header, date, madeAt: now });
    header.catch(() => this.forget(origin));
    return header;
  }

  /** The push server does not take its token: the next one is made anew. */
  forget(origin: string): void {
    this.#tokens.delete(origin);
  }

  async #sign(origin: string, now: number): Promise<string> {
    const { privateKey, publicKey, subject } = this.#identity;
    const token = new SignJWT()
      .setProtectedHeader({ typ: 'JWT', alg: 'ES256' })
      .setAudience(origin)
      .setExpirationTime(Math.floor((now + VALID_MS) / SECOND_MS));
    if (subject !== undefined) token.setSubject(subject);
    return `vapid t=${await token.sign(privateKey)}, k=${publicKey}`;
  }

  #keep(origin: string, token: Token): void {
    this.#tokens.delete(origin);
    this.#tokens.set(origin, token);
    const [oldest] = this.#tokens.keys();
    if (this.#tokens.size > MAX_ORIGINS && oldest !== undefined) this.#tokens.delete(oldest);
  }
}
