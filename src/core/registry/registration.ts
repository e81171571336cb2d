import { MINUTE_MS } from '../basics/clock.ts';
import { isSameDevice, type Platform, type PushTarget } from './push-target.ts';
import type { TradePubkey } from './trade-pubkey.ts';

/** When wakes leave, as clients and the configuration name it (contract 9): from the weakest policy to the strongest. */
export const WAKE_POLICIES = ['prompt', 'slots', 'cohorts', 'heartbeat'] as const;

export type WakePolicyName = (typeof WAKE_POLICIES)[number];

/** `trade key → device`, for a limited time: all that the server knows about a user. Times are milliseconds since the epoch. */
export interface Registration {
  readonly tradePubkey: TradePubkey;
  readonly target: PushTarget;
  /** The device's system, as the client named it. It is counted, and never decides which push service carries a wake. */
  readonly platform: Platform;
  /** When a client last registered the key. */
  readonly registeredAt: number;
  readonly expiresAt: number;
  /** Whether a wake for an event was ever delivered for the key. */
  readonly woken: boolean;
  /** Whether the request was signed with the trade key. Then the registration is owned until it expires (contract 1.3). */
  readonly signed: boolean;
  /**
   * The network of the client, as a keyed hash of 16 bits. At the cap it decides which registration is displaced (contract 1.1).
   * In memory only: absent for a registration that was read from the disk.
   */
  readonly network?: number;
  /** The Mostro instance that the client named (`mostro_pubkey`), as a keyed hash of 15 bits, never 0. Its events are vouched (contract 5). */
  readonly instance?: number;
  /** Whether the key is a chat's and not a trade's. Events of any author can wake for a chat's key (contract 1.1). */
  readonly isConversation?: boolean;
  /** The wake policy that the client asked for. Of the registrations of a device, the newest decides (contract 9). */
  readonly wakePolicy?: WakePolicyName;
}

/** A wake was delivered: the key's registration of that time expires later. */
export type Renewal = Pick<Registration, 'tradePubkey' | 'registeredAt' | 'expiresAt'>;

/** Registrations by platform, as `/api/status` shows them. */
export interface RegistrationCounts extends Readonly<Record<Platform, number>> {
  readonly total: number;
}

export interface Lifetime {
  /** `TOKEN_TTL_HOURS`: how long a registration lives after the last registration or wake. */
  readonly ttlMs: number;
  /** `TOKEN_MAX_AGE_DAYS`: how long it lives after the last registration, however often its device is woken. */
  readonly maxAgeMs: number;
}

/** When a registration expires if its time to live starts at `now` (contract 6). */
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

/** A registration is not displaced before this age, so that a client that has just registered can trade. */
const MIN_DISPLACEABLE_AGE_MS = 10 * MINUTE_MS;

/** A registration that is unsigned and was never woken can be displaced at `now` if it was made by the returned time (contract 1.1). */
export function displaceableIfMadeBy(now: number): number {
  return now - MIN_DISPLACEABLE_AGE_MS - 1;
}

/** Where a client's network is known, it stays known: other servers do not tell it. */
export function withNetwork(current: Registration, former: Registration | undefined): Registration {
  const isRenewal =
    former !== undefined &&
    former.registeredAt === current.registeredAt &&
    isSameDevice(former.target, current.target);
  return isRenewal && former.network !== undefined ? { ...current, network: former.network } : current;
}
