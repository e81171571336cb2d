import type { SharedWake } from '../../src/core/fleet/wake-share.ts';
import type { Registration } from '../../src/core/registry/registration.ts';
import type { DeviceWindow } from '../../src/core/waking/device-window.ts';
import type { OwedWake } from '../../src/core/waking/owed-devices.ts';
import { Membership } from '../../src/fleet/claims/membership.ts';
import type { ToldRenewal } from '../../src/fleet/replica/renewal-codec.ts';
import type { FleetNames } from '../../src/fleet/engine/names.ts';
import { fcmTarget, registrationAt, tradeKey } from './registrations.ts';

const SESSIONS = [1, 2, 3, 4].map((n) => Buffer.alloc(8, n * 0x1f));
const GROUPS = Array.from(
  { length: 256 },
  (_, n) => `${n % 2 === 0 ? 'fcm' : 'cohort'} ${'é'.repeat(n % 3)}${n}`,
);
const EVENT = 'ab'.repeat(32);
const WAKE: SharedWake = {
  device: 'fcm phone',
  group: 'fcm phone',
  keys: [tradeKey(1), tradeKey(2)],
  kind: 'silent_wake',
  isVouched: true,
};

const registration: Registration = registrationAt(1_700_000_000_000, { tradePubkey: tradeKey(1) });
const owed: OwedWake = { target: fcmTarget('phone'), kind: 'chat_wake', keys: [tradeKey(1)] };
const windows: readonly DeviceWindow[] = [
  { track: 'vouched', phase: 'window', ms: 1 },
  { track: 'unvouched', phase: 'cooldown', ms: 60_000 },
  { track: 'chat', phase: 'cooldown', ms: 4_000_000_000 },
  { track: 'unvouched', phase: 'counted', ms: 3_600_000 },
];

const renewals: readonly ToldRenewal[] = [
  {
    field: Buffer.alloc(16, 7),
    tradePubkey: tradeKey(3),
    registeredAt: 1_700_000_000_000,
    expiresAt: 1_700_000_000_001,
  },
];

/** One of each thing that servers keep in the engine for one another. */
export const EXAMPLES = {
  registration,
  owed,
  windows,
  renewals,
  text: 'text',
  place: 'place',
  wakes: [
    { event: EVENT, wake: WAKE },
    {
      event: '0c'.repeat(32),
      wake: { ...WAKE, group: 'cohort 1', keys: [], kind: 'chat_wake', isVouched: false },
    },
  ] as const satisfies readonly { event: string; wake: SharedWake }[],

  /** Every name, in hex digits. */
  namesOf(names: FleetNames): Record<string, string> {
    const [session, device] = [Buffer.alloc(8, 7), 'fcm phone'];
    const all: Record<string, Buffer | string> = {
      marker: names.marker,
      check: names.check,
      prefix: names.prefix,
      log: names.log,
      sequence: names.sequence,
      removals: names.removals,
      shard: names.shard(255),
      members: names.members,
      pauses: names.pauses,
      settings: names.settings,
      told: names.told,
      field: names.field('subject'),
      claim: names.claimKey(names.claim(EVENT, device)),
      lease: names.leaseKey(names.group(device)),
      lane: names.lane('lane'),
      signature: names.signatureKey(EVENT),
      pending: names.pendingKey(session),
      inbox: names.inboxKey(session),
      alive: names.aliveKey(session),
      settingsName: names.settingsName('settings'),
    };
    return Object.fromEntries(
      Object.entries(all).map(([name, value]) => [name, Buffer.from(value).toString('hex')]),
    );
  },

  /** For each of many groups, the first and the second of four servers. */
  ownersOf(names: FleetNames): string {
    const fleet = SESSIONS.map((own) => {
      const membership = new Membership(names, own);
      membership.update(own, Buffer.concat(SESSIONS));
      return membership;
    });
    return GROUPS.map((group) => {
      const [first, second] = ([1, 2] as const).map((ranks) =>
        fleet.flatMap((membership, n) => (membership.isAmongFirst(names.lot(group), ranks) ? [n] : [])),
      );
      return `${first?.join('')}${second?.filter((n) => !first?.includes(n)).join('')}`;
    }).join(' ');
  },
};
