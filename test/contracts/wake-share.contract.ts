import { describe, expect, test } from 'vitest';

import type { SharedWake, WakeShare, WakeShareListener } from '../../src/core/fleet/wake-share.ts';
import { deviceOf } from '../../src/core/registry/push-target.ts';
import type { TradePubkey } from '../../src/core/registry/trade-pubkey.ts';
import type { DeviceWindow } from '../../src/core/waking/device-window.ts';
import type { OwedDevices, OwedWake } from '../../src/core/waking/owed-devices.ts';

/** One server of the fleet under test, and what the fleet told it. */
export interface Member {
  readonly share: WakeShare;
  readonly handed: { readonly event: string; readonly wake: SharedWake }[];
  readonly owedDevices: OwedDevices;
  readonly owed: OwedWake[];
  readonly paused: { readonly lane: string; readonly ms: number }[];
  /** What the server would say of a group's windows. */
  windows: readonly DeviceWindow[];
  /** The groups of which it would say that something runs. */
  running: readonly string[];
  /** What ran for the devices of `owed`. */
  readonly ran: (readonly DeviceWindow[])[];
}

export interface FleetUnderTest {
  /** A server starts. */
  join(): Promise<Member>;
  /** The server dies without a word. Resolves when the others know. */
  kill(member: Member): Promise<void>;
  /** A group that the server owns. */
  groupOf(member: Member): string;
  /** Resolves when what was called has had its effect at all servers. */
  settled(): Promise<void>;
}

/** A member before it has joined, and the listener that fills it. */
export function memberFor(): { member: Omit<Member, 'share' | 'owedDevices'>; listener: WakeShareListener } {
  const member: Omit<Member, 'share' | 'owedDevices'> = {
    handed: [],
    owed: [],
    ran: [],
    paused: [],
    windows: [],
    running: [],
  };
  const listener: WakeShareListener = {
    onHanded: async (event, wake) => void member.handed.push({ event, wake }),
    onOwed: (wake, windows) => {
      member.owed.push(wake);
      member.ran.push(windows);
    },
    onPaused: (lane, ms) => void member.paused.push({ lane, ms }),
    windowsOf: () => member.windows,
    running: () => member.running,
    onMembership: () => undefined,
    onTold: () => undefined,
  };
  return { member, listener };
}

const EVENT = 'e1'.repeat(32);
const KEY = 'ab'.repeat(32) as TradePubkey;

function wakeOf(group: string, device = group): SharedWake {
  return { device, group, keys: [KEY], kind: 'silent_wake', isVouched: true };
}

const WON = { outcome: 'won', windows: [] };

/** What every implementation of `WakeShare` promises. */
export function wakeShareContract(name: string, open: () => Promise<FleetUnderTest>): void {
  describe(`wakes shared by ${name}`, () => {
    test('every group has one owner', async () => {
      const fleet = await open();
      const [a, b] = [await fleet.join(), await fleet.join()];
      for (const member of [a, b]) {
        const group = fleet.groupOf(member);
        expect([a.share.owns(group), b.share.owns(group)]).toEqual([member === a, member === b]);
      }
    });

    test('an event is won once for each device, and by nobody once it has woken the device', async () => {
      const fleet = await open();
      const a = await fleet.join();
      const wake = wakeOf(fleet.groupOf(a));
      const other = wakeOf(`${wake.group} other`);
      expect(await a.share.claim(EVENT, [wake, other], 'own')).toEqual([WON, WON]);
      expect(await a.share.claim(EVENT, [wake], 'handed')).toMatchObject([{ outcome: 'taken' }]);
      expect(
        await a.share.look([
          { event: EVENT, device: wake.device },
          { event: EVENT, device: other.device },
        ]),
      ).toEqual(['taken', 'taken']);
      a.share.end(EVENT, wake, 'sent');
      a.share.end(EVENT, other, 'owed');
      await fleet.settled();
      expect(
        await a.share.look([
          { event: EVENT, device: wake.device },
          { event: EVENT, device: other.device },
          { event: EVENT, device: 'third' },
        ]),
      ).toEqual(['done', 'done', 'open']);
      expect(await a.share.claim(EVENT, [wake], 'own')).toMatchObject([{ outcome: 'done' }]);
    });

    test('a further copy of an event whose wake was dropped is won anew', async () => {
      const fleet = await open();
      const a = await fleet.join();
      const wake = wakeOf(fleet.groupOf(a));
      await a.share.claim(EVENT, [wake], 'own');
      a.share.end(EVENT, wake, 'dropped');
      await fleet.settled();
      expect(await a.share.look([{ event: EVENT, device: wake.device }])).toEqual(['open']);
      expect(await a.share.claim(EVENT, [wake], 'own')).toEqual([WON]);
    });

    test('an event of which an end alone is told has woken the device', async () => {
      const fleet = await open();
      const a = await fleet.join();
      const wake = wakeOf(fleet.groupOf(a));
      a.share.end(EVENT, wake, 'sent');
      await fleet.settled();
      expect(await a.share.claim(EVENT, [wake], 'own')).toMatchObject([{ outcome: 'done' }]);
    });

    test('an open event is handed to the owner of its group, once', async () => {
      const fleet = await open();
      const [a, b, c] = [await fleet.join(), await fleet.join(), await fleet.join()];
      const wake = wakeOf(fleet.groupOf(a));
      expect(await b.share.claim(EVENT, [wake], 'open')).toMatchObject([{ outcome: 'handed' }]);
      expect(await c.share.claim(EVENT, [wake], 'open')).toMatchObject([{ outcome: 'taken' }]);
      await expect.poll(() => a.handed).toEqual([{ event: EVENT, wake }]);
      expect(await a.share.claim(EVENT, [wake], 'handed')).toEqual([WON]);
    });

    test('an open event of which the owner has a copy by now is won by it, although it is in its inbox too', async () => {
      const fleet = await open();
      const [a, b] = [await fleet.join(), await fleet.join()];
      const wake = wakeOf(fleet.groupOf(a));
      await b.share.claim(EVENT, [wake], 'open');
      expect(await a.share.claim(EVENT, [wake], 'own')).toEqual([WON]);
      expect(await a.share.claim(EVENT, [wake], 'handed')).toMatchObject([{ outcome: 'taken' }]);
    });

    test('a group stays with the server that has a claim open, whoever owns it', async () => {
      const fleet = await open();
      const [a, b] = [await fleet.join(), await fleet.join()];
      const wake = wakeOf(fleet.groupOf(b));
      // As after a membership that has changed.
      await a.share.claim(EVENT, [wake], 'own');
      const next = 'e2'.repeat(32);
      expect(await b.share.claim(next, [wake], 'own')).toMatchObject([{ outcome: 'handed' }]);
      await expect.poll(() => a.handed).toEqual([{ event: next, wake }]);
      expect(await a.share.claim(next, [wake], 'handed')).toEqual([WON]);
      for (const event of [EVENT, next]) a.share.end(event, wake, 'sent');
      await fleet.settled();
      expect(await b.share.claim('e3'.repeat(32), [wake], 'own')).toEqual([WON]);
    });

    test('a group stays with a server for as long as its window runs', async () => {
      const fleet = await open();
      const [a, b] = [await fleet.join(), await fleet.join()];
      const wake = wakeOf(fleet.groupOf(b));
      await a.share.claim(EVENT, [wake], 'own');
      a.windows = [{ track: 'vouched', phase: 'cooldown', ms: 60_000 }];
      a.share.end(EVENT, wake, 'sent');
      await fleet.settled();
      expect(await b.share.claim('e2'.repeat(32), [wake], 'own')).toMatchObject([{ outcome: 'handed' }]);
      await expect.poll(() => a.handed).toHaveLength(1);
    });

    test('wakes that count hold no group at its server, and are told to the next one', async () => {
      const fleet = await open();
      const [a, b] = [await fleet.join(), await fleet.join()];
      const wake = wakeOf(fleet.groupOf(b));
      await a.share.claim(EVENT, [wake], 'own');
      a.windows = [{ track: 'unvouched', phase: 'counted', ms: 600_000 }];
      a.share.end(EVENT, wake, 'sent');
      await fleet.settled();
      const [claim] = await b.share.claim('e2'.repeat(32), [wake], 'own');
      expect(claim).toMatchObject({ outcome: 'won', windows: [{ track: 'unvouched', phase: 'counted' }] });
      // From now on the group is at the other server.
      expect(await a.share.claim('e3'.repeat(32), [wake], 'own')).toMatchObject([{ outcome: 'handed' }]);
    });

    test('the next owner of a dead server goes on with the window', async () => {
      const fleet = await open();
      const [a, b] = [await fleet.join(), await fleet.join()];
      const wake = wakeOf(fleet.groupOf(b));
      await a.share.claim(EVENT, [wake], 'own');
      a.windows = [{ track: 'chat', phase: 'window', ms: 60_000 }];
      a.share.end(EVENT, wake, 'sent');
      await fleet.settled();
      await fleet.kill(a);
      const [claim] = await b.share.claim('e2'.repeat(32), [wake], 'own');
      expect(claim).toMatchObject({ outcome: 'won', windows: [{ track: 'chat', phase: 'window' }] });
      expect(claim?.windows[0]?.ms).toBeLessThan(60_000);
    });

    test('what a dead server has claimed is handed to one that lives', async () => {
      const fleet = await open();
      const [a, b] = [await fleet.join(), await fleet.join()];
      const wake = wakeOf(fleet.groupOf(a));
      await a.share.claim(EVENT, [wake], 'own');
      await fleet.kill(a);
      expect(b.share.owns(wake.group)).toBe(true);
      await expect.poll(() => b.handed).toEqual([{ event: EVENT, wake }]);
      expect(await b.share.claim(EVENT, [wake], 'handed')).toEqual([WON]);
    });

    test('what a dead server owed is owed by one that lives, and what it had paid is not', async () => {
      const fleet = await open();
      const [a, b] = [await fleet.join(), await fleet.join()];
      const target = { type: 'fcm', token: 'a token' } as const;
      const paid = { type: 'fcm', token: 'another token' } as const;
      const owed: OwedWake = { target, kind: 'silent_wake', keys: [KEY] };
      a.owedDevices.owe(owed);
      a.owedDevices.owe({ target: paid, kind: 'silent_wake', keys: [KEY] });
      a.owedDevices.pay(paid);
      expect([a.owedDevices.find(target), a.owedDevices.find(paid)]).toEqual([owed, undefined]);
      await fleet.settled();
      await fleet.kill(a);
      await expect.poll(() => b.owed).toEqual([owed]);
      expect(b.owedDevices.find(target)).toEqual(owed);
    });

    test('who owes a wake that a dead server owed hears what runs for the device', async () => {
      const fleet = await open();
      const [a, b] = [await fleet.join(), await fleet.join()];
      const target = { type: 'fcm', token: 'a token' } as const;
      const wake = wakeOf(deviceOf(target));
      await a.share.claim(EVENT, [wake], 'own');
      a.owedDevices.owe({ target, kind: 'silent_wake', keys: [KEY] });
      a.windows = [{ track: 'unvouched', phase: 'cooldown', ms: 60_000 }];
      a.share.end(EVENT, wake, 'owed');
      await fleet.settled();
      await fleet.kill(a);
      await expect.poll(() => b.ran).toMatchObject([[{ track: 'unvouched', phase: 'cooldown' }]]);
    });

    test('an open wake is won by the server whose group it is', async () => {
      const fleet = await open();
      const [a] = [await fleet.join(), await fleet.join()];
      const wake: SharedWake = { ...wakeOf(fleet.groupOf(a)), kind: 'chat_wake' };
      expect(await a.share.claim(EVENT, [wake], 'open')).toEqual([WON]);
    });

    test('a chat wake of a dead server, claimed or only in its inbox, is handed to one that lives, unless it has ended', async () => {
      const fleet = await open();
      const [a, b] = [await fleet.join(), await fleet.join()];
      const wake: SharedWake = { ...wakeOf(fleet.groupOf(a)), kind: 'chat_wake' };
      const [claimed, ended] = ['c1'.repeat(32), 'c2'.repeat(32)];
      await a.share.claim(claimed, [wake], 'open');
      await a.share.claim(ended, [wake], 'open');
      a.share.end(ended, wake, 'sent');
      await fleet.settled();
      await fleet.kill(a);
      await expect.poll(() => b.handed).toEqual([{ event: claimed, wake }]);
    });

    test('all servers hear of a pause, also those that start while it lasts', async () => {
      const fleet = await open();
      const [a, b] = [await fleet.join(), await fleet.join()];
      a.share.pause('FCM', 60_000);
      await expect.poll(() => b.paused).toMatchObject([{ lane: 'FCM' }]);
      const c = await fleet.join();
      await expect.poll(() => c.paused).toMatchObject([{ lane: 'FCM' }]);
      for (const { paused } of [b, c]) {
        expect(paused[0]?.ms).toBeLessThanOrEqual(60_000);
        expect(paused[0]?.ms).toBeGreaterThan(30_000);
      }
    });
  });
}
