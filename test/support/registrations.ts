import fc from 'fast-check';

import { DAY_MS, HOUR_MS } from '../../src/core/basics/clock.ts';
import type { FcmTarget, UnifiedPushTarget } from '../../src/core/registry/push-target.ts';
import type { Lifetime, Registration } from '../../src/core/registry/registration.ts';
import { Registrations, type RegistrationsOptions } from '../../src/core/registry/registrations.ts';
import { parseTradePubkey, type TradePubkey } from '../../src/core/registry/trade-pubkey.ts';
import { MemoryRegistrations } from '../../src/store/tables/memory-registrations.ts';
import { FakeClock } from './fake-clock.ts';
import { FakeTelemetry } from './fake-telemetry.ts';

/** The n-th of many distinct trade keys. */
export function tradeKey(n: number): TradePubkey {
  return parseTradePubkey(n.toString(16).padStart(64, '0')) as TradePubkey;
}

export function fcmTarget(token: string): FcmTarget {
  return { type: 'fcm', token };
}

export function unifiedPushTarget(name: string): UnifiedPushTarget {
  return { type: 'unifiedpush', endpoint: `https://push.example/${name}` };
}

/** A UnifiedPush endpoint with the n-th of many distinct Web Push keys. They only look like keys: they are not points on the curve. */
export function webPushTarget(name: string, n: number): UnifiedPushTarget {
  const keys = { p256dh: `p256dh-${n}`.padEnd(87, 'x'), auth: `auth-${n}`.padEnd(22, 'x') };
  return { ...unifiedPushTarget(name), keys };
}

/** The defaults of the contract. */
export const LIFETIME: Lifetime = { ttlMs: 48 * HOUR_MS, maxAgeMs: 30 * DAY_MS };

/** A fresh registration at the given time: key 1, an Android phone, unless told otherwise. */
export function registrationAt(now: number, parts: Partial<Registration> = {}): Registration {
  return {
    tradePubkey: tradeKey(1),
    target: fcmTarget('phone'),
    platform: 'android',
    registeredAt: now,
    expiresAt: now + LIFETIME.ttlMs,
    woken: false,
    signed: false,
    ...parts,
  };
}

const hexDigit = fc.nat(15).map((digit) => digit.toString(16));

/** Lower-case hex of so many characters. */
export function hex(length: number): fc.Arbitrary<string> {
  return fc.string({ unit: hexDigit, minLength: length, maxLength: length });
}

/** The real `Registrations`, in memory, with the test's clock and telemetry. */
export function liveRegistrations(
  capacity = 100,
  mayExpire = (): boolean => true,
  hooks: Partial<Pick<RegistrationsOptions, 'onKept' | 'onRemoved' | 'onSwept'>> = {},
): {
  registrations: Registrations;
  clock: FakeClock;
  telemetry: FakeTelemetry;
} {
  const clock = new FakeClock();
  const telemetry = new FakeTelemetry();
  const store = new MemoryRegistrations({ capacity });
  const registrations = new Registrations({
    store,
    lifetime: LIFETIME,
    clock: clock.read,
    monotonic: clock.read,
    mayExpire,
    ownership: true,
    telemetry,
    ...hooks,
  });
  return { registrations, clock, telemetry };
}
