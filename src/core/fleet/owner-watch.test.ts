import { expect, test } from 'vitest';

import { frameOf } from '../../../test/support/admission.ts';
import { eventId, unsignedEvent } from '../../../test/support/events.ts';
import { FakeSchedule } from '../../../test/support/fake-schedule.ts';
import { RelayAccount } from '../intake/relay-account.ts';
import { OwnerWatch } from './owner-watch.ts';

const MOST_EVENTS = 10_000;

test('an event for which there is no room is looked at for the last time, the oldest first, and all others in their time', async () => {
  const { clock, schedule } = new FakeSchedule();
  const looked: { id: string; isLast: boolean }[] = [];
  const watch = new OwnerWatch({
    schedule,
    monotonic: clock.read,
    look: (events, isLast) => looked.push(...events.map(({ id }) => ({ id, isLast }))),
    onCrowded: () => undefined,
  });
  const account = new RelayAccount(clock.read);
  for (let n = 0; n < MOST_EVENTS + 2; n++) {
    const event = unsignedEvent({ id: eventId(n) });
    watch.add(event.id, { account, frame: frameOf(event), lots: [1], own: [] });
  }
  expect(looked).toEqual([
    { id: eventId(0), isLast: true },
    { id: eventId(1), isLast: true },
  ]);
  expect(watch.size).toBe(MOST_EVENTS);
  // An event whose standing is unknown becomes the newest one again. There is no room for it, so the oldest event is looked at for the last time.
  watch.again({ id: eventId(0), copies: [] });
  expect(looked.at(-1)).toEqual({ id: eventId(2), isLast: true });
});
