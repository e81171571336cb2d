import { expect, test } from 'vitest';

import { settled } from '../../../test/support/settled.ts';
import { Recovery } from './recovery.ts';
import type { WakeEnd } from '../lanes/wake.ts';

const PHONE = 'phone';
const SENT: WakeEnd = 'sent';
const DROPPED: WakeEnd = 'dropped';

/** A recovery, and the ends of its wakes in the order in which they are sent. */
function setUp(): {
  recovery: Recovery;
  wake: (token: string) => Promise<WakeEnd>;
  sent: ((end: WakeEnd) => void)[];
} {
  const recovery = new Recovery(() => undefined);
  const sent: ((end: WakeEnd) => void)[] = [];
  const wake = (token: string): Promise<WakeEnd> =>
    recovery.once(token, () => new Promise((settle) => sent.push(settle)));
  return { recovery, wake, sent };
}

test('a recovery sends a device one wake, whose end all events for the device share', async () => {
  const { wake, sent } = setUp();
  const wakes = [wake('phone'), wake('phone')];
  sent[0]?.(SENT);
  expect(await Promise.all([...wakes, wake('phone')])).toEqual([SENT, SENT, SENT]);
  expect(sent).toHaveLength(1);
});

test('a recovery that gathers sends its wakes when it ends, so each is sent after the last event that it absorbs', async () => {
  const recovery = new Recovery(() => undefined, { gathers: true });
  const sent: string[] = [];
  const wake = (device: string): Promise<WakeEnd> =>
    recovery.once(device, async () => {
      sent.push(device);
      return SENT;
    });
  const wakes = ['a', 'b', 'a'].map(wake);
  await settled();
  const before = [...sent];
  const isWoken = recovery.hasWoken(['a']);
  recovery.end(true);
  await recovery.wakesEnded;
  expect([before, isWoken, sent, await Promise.all(wakes)]).toEqual([
    [],
    true,
    ['a', 'b'],
    [SENT, SENT, SENT],
  ]);
});

test('a recovery sends every device a wake of its own', () => {
  const { wake, sent } = setUp();
  for (const token of ['a', 'b']) void wake(token);
  expect(sent).toHaveLength(2);
});

test.each([
  ['sent', SENT],
  ['owed', 'owed'],
] as const)('a recovery does not send a wake again that was %s', async (_, end) => {
  const { wake, sent } = setUp();
  const first = wake('phone');
  sent[0]?.(end);
  await first;
  void wake('phone');
  expect(sent).toHaveLength(1);
});

test('a recovery lets the next event try after a dropped wake, and the events that had joined the wake are dropped with it', async () => {
  const { recovery, wake, sent } = setUp();
  const joined = [wake('phone'), wake('phone')];
  sent[0]?.(DROPPED);
  expect(await Promise.all(joined)).toEqual([DROPPED, DROPPED]);
  const failed = recovery.hasWoken([PHONE]);
  void wake('phone');
  expect({ failed, again: recovery.hasWoken([PHONE]), sent: sent.length }).toEqual({
    failed: false,
    again: true,
    sent: 2,
  });
});

test('a recovery has woken for an event if it has woken any device of the event', () => {
  const { recovery, wake } = setUp();
  void wake('phone');
  expect([[PHONE], [PHONE, 'other'], []].map((some) => recovery.hasWoken(some))).toEqual([true, true, false]);
});

test('a recovery hands over what it has absorbed at its end, once', async () => {
  const ends: ReadonlyMap<string, Promise<WakeEnd>>[] = [];
  const recovery = new Recovery((absorbed) => ends.push(absorbed));
  recovery.absorb('a', Promise.resolve(SENT));
  recovery.absorb('b', Promise.resolve(DROPPED));
  expect(ends).toEqual([]);
  for (const _ of [1, 2]) recovery.end(true);
  expect(ends).toHaveLength(1);
  expect(await Promise.all([...(ends[0] ?? [])].map(async ([id, end]) => [id, await end]))).toEqual([
    ['a', 'sent'],
    ['b', 'dropped'],
  ]);
});

test('a recovery of which the live subscription was down for a while reports every absorbed event as one whose wake was dropped', async () => {
  const ends: Promise<WakeEnd>[] = [];
  const recovery = new Recovery((absorbed) => ends.push(...absorbed.values()));
  recovery.absorb('a', Promise.resolve(SENT));
  recovery.end(false);
  expect(await Promise.all(ends)).toEqual(['dropped']);
});
