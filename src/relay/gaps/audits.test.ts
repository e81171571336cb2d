import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { FORGED } from '../../../test/support/admission.ts';
import { eventId, unsignedEvent } from '../../../test/support/events.ts';
import type { FakeTelemetry } from '../../../test/support/fake-telemetry.ts';
import { noCoalescing } from '../../../test/support/no-coalescing.ts';
import { fcmTarget, liveRegistrations, tradeKey } from '../../../test/support/registrations.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../core/basics/clock.ts';
import { EventAdmission } from '../../core/intake/event-admission.ts';
import { RelayAccount } from '../../core/intake/relay-account.ts';
import type { Wake } from '../../core/lanes/wake.ts';
import { WAKING_KINDS, type NostrEvent } from '../../core/nostr/nostr-event.ts';
import { Waker } from '../../core/waking/waker.ts';
import { MemorySeenEvents } from '../../store/tables/memory-seen-events.ts';
import { RelayConduct } from '../connection/relay-conduct.ts';
import type { RelayEnvironment } from '../connection/relay-environment.ts';
import { RelaySpelling } from '../connection/relay-spelling.ts';
import { RELAY_TIMING } from '../connection/relay-timing.ts';
import { MemoryShare } from '../reconcile/memory-share.ts';
import { ReconcilingRelay } from '../reconcile/reconciling-relay.ts';
import { KindWatch } from '../live/kind-watch.ts';
import { RelayListening } from '../live/relay-listening.ts';
import { AuditPlaces } from './audit-places.ts';
import { auditSchedules } from './audit-schedules.ts';
import { DIRECTLY } from '../../../test/support/directly.ts';

// Vitest does not replace these timers.
vi.mock('node:timers/promises', () => ({
  setTimeout: (ms: number, value: unknown, { signal }: { signal?: AbortSignal } = {}) =>
    new Promise((resolve, reject) => {
      const onAbort = (): void => {
        clearTimeout(timer);
        reject(signal?.reason as Error);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', onAbort);
        resolve(value);
      }, ms);
      signal?.addEventListener('abort', onAbort);
    }),
}));

beforeEach(() => void vi.useFakeTimers({ now: Date.UTC(2026, 0, 1) }));
afterEach(() => void vi.useRealTimers());

interface Filter {
  readonly kinds: readonly number[];
  readonly since?: number;
  readonly until?: number;
  readonly limit: number;
}

/** A relay in memory. Of the events that are published, it drops every so many-th live, and says nothing of it. */
class DroppingRelay {
  readonly #dropEvery: number;
  readonly #stored: NostrEvent[] = [];
  readonly #subscriptions = new Map<string, Filter>();
  #receive: (message: readonly unknown[]) => void = () => undefined;
  /** The pages that it was asked for, and when. */
  readonly pages: { readonly at: number; readonly filter: Filter }[] = [];

  constructor(dropEvery: number) {
    this.#dropEvery = dropEvery;
  }

  connect(receive: (message: readonly unknown[]) => void): void {
    this.#receive = receive;
  }

  publish(event: NostrEvent): void {
    if (this.#stored.push(event) % this.#dropEvery === 0) return;
    for (const [id, { kinds, since }] of this.#subscriptions)
      if (since === undefined && kinds.includes(event.kind)) this.#receive(['EVENT', id, event]);
  }

  readonly take = ([type, id, filter]: readonly unknown[]): void => {
    if (type === 'CLOSE') this.#subscriptions.delete(String(id));
    if (type === 'REQ') setTimeout(() => this.#answer(String(id), filter as Filter), 5);
  };

  #answer(id: string, filter: Filter): void {
    const { kinds, limit, since = 0, until = Infinity } = filter;
    this.#subscriptions.set(id, filter);
    const page = this.#stored
      .filter(({ created_at, kind }) => kinds.includes(kind) && created_at >= since && created_at <= until)
      .toSorted((a, b) => b.created_at - a.created_at)
      .slice(0, limit);
    if (limit > 0) this.pages.push({ at: Date.now(), filter });
    for (const event of page) this.#receive(['EVENT', id, event]);
    this.#receive(['EOSE', id]);
  }
}

interface Listening {
  readonly listening: RelayListening;
  readonly telemetry: FakeTelemetry;
}

/** Everything that listens at one relay, with the waker behind it. What is sent at once to a push service is told. */
async function listen(relay: DroppingRelay, keys: number, onWake: (wake: Wake) => void): Promise<Listening> {
  const { registrations, telemetry } = liveRegistrations(keys);
  for (let n = 0; n < keys; n++)
    await registrations.register(tradeKey(n), fcmTarget(`phone ${n}`), 'android');
  const lanes = {
    request: async (wake: Wake) => {
      onWake(wake);
      return 'sent' as const;
    },
    unsent: () => undefined,
    follow: async () => true,
  };
  const [clock, monotonic] = [Date.now, (): number => performance.now()];
  const intake = new EventAdmission({
    registrations,
    seen: new MemorySeenEvents({ clock }),
    verifier: { verify: ({ sig }) => (sig === FORGED ? 'forged' : 'genuine') },
    waker: new Waker({ registrations, lanes, ...noCoalescing(lanes) }),
    instancePubkeys: new Set(),
    clock,
    monotonic,
    mayExpire: () => true,
    telemetry,
    onFault: (fault) => {
      throw fault;
    },
  });
  const watches = WAKING_KINDS.map(
    (kind) => new KindWatch({ kind, total: { events: 0 }, clock, startedAt: clock() }),
  );
  const account = new RelayAccount(monotonic);
  const environment: RelayEnvironment = {
    kinds: WAKING_KINDS,
    intake,
    relayLists: undefined,
    signer: { sign: () => unsignedEvent() },
    userAgent: 'test',
    wayOut: DIRECTLY,
    telemetry,
    timing: RELAY_TIMING,
    clock,
    mayExpire: () => true,
    monotonic,
    proofs: undefined,
    guard: undefined,
    onDate: () => undefined,
  };
  const reconciling = new ReconcilingRelay({ share: new MemoryShare(0), clock, monotonic, watches });
  reconciling.stated([1, 11]);
  const listening = new RelayListening({
    environment,
    relay: 'relay.example',
    spelling: new RelaySpelling('wss://relay.example'),
    watches,
    audits: { schedules: auditSchedules(watches, environment), places: new AuditPlaces() },
    intake: intake.forRelay(account),
    account,
    conduct: new RelayConduct(monotonic, () => undefined),
    limits: () => ({}),
    reconciling,
    arrangement: 'apart',
    onTooMany: () => undefined,
    send: relay.take,
    onProof: () => undefined,
  });
  relay.connect((message) => listening.session.receive(Buffer.from(JSON.stringify(message)), false));
  listening.open();
  return { listening, telemetry };
}

test('at a relay that drops every hundredth event for an hour, each dropped event wakes within two beats, and every event wakes once', async () => {
  const [events, ours] = [3600, 360];
  const relay = new DroppingRelay(100);
  const woken = new Map<string, number[]>();
  const { listening } = await listen(relay, ours, ({ target }) => {
    const token = 'token' in target ? target.token : '';
    woken.set(token, [...(woken.get(token) ?? []), Date.now()]);
  });
  const published: { readonly key: number; readonly kind: number; readonly at: number }[] = [];
  await vi.advanceTimersByTimeAsync(MINUTE_MS);
  for (let n = 0; n < events; n++) {
    // Every tenth event is for us, and so is every one that is dropped. Both kinds are dropped equally often.
    const key = n % 10 === 9 ? (n - 9) / 10 : undefined;
    const kind = Math.floor(n / 100) % 2 === 0 ? 14 : 1059;
    const backdated = kind === 1059 ? (n * 7919) % 172_800 : 0;
    const p = key === undefined ? 'ee'.repeat(32) : tradeKey(key);
    const created_at = Math.floor(Date.now() / SECOND_MS) - backdated;
    relay.publish(unsignedEvent({ id: eventId(n), kind, created_at, tags: [['p', p]] }));
    if (key !== undefined) published.push({ key, kind, at: Date.now() });
    await vi.advanceTimersByTimeAsync(HOUR_MS / events);
  }
  await vi.advanceTimersByTimeAsync(2 * HOUR_MS);
  listening.close();

  const waits = published.map(({ key, kind, at }) => {
    const times = woken.get(fcmTarget(`phone ${key}`).token) ?? [];
    return { kind, wakes: times.length, waitMs: (times[0] ?? Infinity) - at };
  });
  expect(waits.filter(({ wakes }) => wakes !== 1)).toEqual([]);
  const late = (kind: number): number[] =>
    waits.filter((one) => one.kind === kind && one.waitMs > SECOND_MS).map(({ waitMs }) => waitMs);
  expect([waits.length, late(14).length, late(1059).length]).toEqual([360, 18, 18]);
  const { messages, wraps } = RELAY_TIMING.audit;
  expect(Math.max(...late(14))).toBeLessThan(2 * messages.baseMs);
  expect(Math.max(...late(1059))).toBeLessThan(2 * wraps.baseMs);
});

/** The pages that a relay is asked for in a day in which it held back one event for this key, the only one of this kind. */
async function pagesAfterHolding(kind: number, key: string): Promise<DroppingRelay['pages']> {
  vi.setSystemTime(Date.UTC(2026, 0, 1));
  const relay = new DroppingRelay(1);
  let wakes = 0;
  const { listening } = await listen(relay, 1, () => wakes++);
  await vi.advanceTimersByTimeAsync(2 * MINUTE_MS);
  const created_at = Math.floor(Date.now() / SECOND_MS);
  relay.publish(unsignedEvent({ id: eventId(1), kind, created_at, tags: [['p', key]] }));
  await vi.advanceTimersByTimeAsync(DAY_MS);
  listening.close();
  expect(wakes).toBe(key === tradeKey(0) ? 1 : 0);
  return relay.pages;
}

test.each([14, 1059])(
  'a relay that holds an event of kind %i back cannot see by the audits whether its key is registered',
  async (kind) => {
    const ours = await pagesAfterHolding(kind, tradeKey(0));
    const strangers = await pagesAfterHolding(kind, 'ee'.repeat(32));
    expect(ours.length).toBeGreaterThan(100);
    expect(ours).toEqual(strangers);
  },
);

test('an audit does not blame the relay for an event that came live and was dropped unverified, because its key was flooded with forgeries', async () => {
  const relay = new DroppingRelay(Infinity);
  let wakes = 0;
  const { listening, telemetry } = await listen(relay, 1, () => wakes++);
  await vi.advanceTimersByTimeAsync(MINUTE_MS);
  const created_at = Math.floor(Date.now() / SECOND_MS);
  const parts = { kind: 14, created_at, tags: [['p', tradeKey(0)]] };
  for (let n = 0; n < 20; n++) relay.publish(unsignedEvent({ id: eventId(n), sig: FORGED, ...parts }));
  await vi.advanceTimersByTimeAsync(0);
  relay.publish(unsignedEvent({ id: eventId(20), ...parts }));
  // The key may be verified again after a minute, and a recovery comes after 65 seconds at the earliest. An audit comes in between.
  await vi.advanceTimersByTimeAsync(MINUTE_MS);
  const before = wakes;
  listening.standstill();
  await vi.advanceTimersByTimeAsync(4 * SECOND_MS);
  const after = wakes;
  await vi.advanceTimersByTimeAsync(MINUTE_MS);
  listening.close();
  expect([before, after]).toEqual([0, 1]);
  expect([telemetry.total('relay_audits', 'clean') > 0, telemetry.total('relay_audit_found', '14')]).toEqual([
    true,
    0,
  ]);
});
