import { MINUTE_MS } from '../basics/clock.ts';
import type { Platform, PushTarget } from './push-target.ts';
import type { TradePubkey } from './trade-pubkey.ts';

/** `trade key → device`, for a while: all that the server knows about anyone. Times are milliseconds since the epoch. */
export interface Registration {
  readonly tradePubkey: TradePubkey;
  readonly target: PushTarget;
  /** What the client said that the device runs: counted, and never used to choose a provider. */
  readonly platform: Platform;
  /** When a client last registered it. */
  readonly registeredAt: number;
  readonly expiresAt: number;
  /** Whether a relay wake was ever delivered for it. */
  readonly woken: boolean;
  /** Whether it was signed with the trade key itself, and so is owned (contract 1.3). */
  readonly signed: boolean;
  /**
   * The network that it was registered from, as a keyed hash of 16 bits: for the choice of what gives way at the cap
   * (contract 1.1), in memory only. Absent for what was read from the disk.
   */
  readonly network?: number;
  /** The Mostro instance that the client named (`mostro_pubkey`), as a keyed hash of 15 bits, which is not 0: it vouches for its events (contract 5). */
  readonly instance?: number;
  /** Whether the key is a chat's and not a trade's: then anybody may write to it (contract 1.1). */
  readonly isConversation?: boolean;
}

/** Registrations by platform, as `/api/status` shows them. */
export interface RegistrationCounts extends Readonly<Record<Platform, number>> {
  readonly total: number;
}

export interface Lifetime {
  /** `TOKEN_TTL_HOURS`: how long a registration lives after it was made or last woken. */
  readonly ttlMs: number;
  /** `TOKEN_MAX_AGE_DAYS`: how long it lives at the most after a client last registered it. */
  readonly maxAgeMs: number;
}

/** When a registration ends whose time to live starts again at `now` (contract 6). */
export function expiryOf(registeredAt: number, now: number, lifetime: Lifetime): number {
  return Math.min(now + lifetime.ttlMs, registeredAt + lifetime.maxAgeMs);
}

/** Whether only a request signed by the key itself may replace or remove the registration (contract 1.3). */
export function isOwned(
  { expiresAt, signed }: Pick<Registration, 'expiresAt' | 'signed'>,
  now: number,
): boolean {
  return signed && expiresAt > now;
}

/** A client that has just registered must be able to trade: nobody takes its place before this. */
const MIN_DISPLACEABLE_AGE_MS = 10 * MINUTE_MS;

/** When a registration that is unsigned and was never woken must have been made at the latest to give way at `now` (contract 1.1). */
export function displaceableIfMadeBy(now: number): number {
  return now - MIN_DISPLACEABLE_AGE_MS - 1;
}
