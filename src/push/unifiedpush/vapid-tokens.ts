import type { KeyObject } from 'node:crypto';

import { SignJWT } from 'jose';

import { HOUR_MS, SECOND_MS, type Clock } from '../../core/basics/clock.ts';

/** Half of the limit of RFC 8292, so that a push server whose clock is hours behind accepts the token. */
const VALID_MS = 12 * HOUR_MS;
/** A token is replaced when a third of its life is left, for a push server whose clock is ahead. */
const REUSE_MS = 8 * HOUR_MS;
/** How many tokens are kept. Beyond this the oldest is dropped; signing a new one takes 0.2 ms. */
const MAX_ORIGINS = 5000;

/** The key that signs, and the address for a push server's complaints. */
export interface VapidIdentity {
  /** A key of P-256. */
  readonly privateKey: KeyObject;
  /** 65 bytes as base64url. */
  readonly publicKey: string;
  /** `mailto:` or `https:`. */
  readonly subject: string | undefined;
}

interface Token {
  readonly header: Promise<string>;
  /** The time of day when the token was made. */
  readonly date: number;
  /** The same moment by the monotonic clock. */
  readonly madeAt: number;
}

/** Signed tokens that prove to push servers that all pushes come from one server (VAPID, RFC 8292). One for each origin. */
export class VapidTokens {
  readonly #identity: VapidIdentity;
  readonly #clock: Clock;
  readonly #monotonic: Clock;
  /** By origin, oldest first. */
  readonly #tokens = new Map<string, Token>();

  /**
   * @param clock the time of day, for the expiry in a token
   * @param monotonic measures how long a token is used, in milliseconds
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
    // A token from the future was made before the clock was corrected. Its expiry may be too far away.
    if (known !== undefined && date >= known.date && now - known.madeAt < REUSE_MS) return known.header;
    const header = this.#sign(origin, date);
    this.#keep(origin, { header, date, madeAt: now });
    header.catch(() => this.drop(origin));
    return header;
  }

  /** Drops the token of a push server that refused it. The next push makes a new one. */
  drop(origin: string): void {
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
