import { expect, test } from 'vitest';

import { frameOf } from '../../../test/support/admission.ts';
import { deferred } from '../../../test/support/deferred.ts';
import { unsignedEvent } from '../../../test/support/events.ts';
import { settled } from '../../../test/support/settled.ts';
import type { RecoveryIntake, RelayIntake, Verdict } from '../../core/intake/event-intake.ts';
import type { SubscriptionFrame } from '../wire/event-frame.ts';
import { RecoveredEvents } from './recovered-events.ts';

const FRAME: SubscriptionFrame = {
  ...frameOf(unsignedEvent()),
  subscription: 'page',
  mark: 7,
  size: 1,
  readId: () => true,
};

/** The intake of a relay and a recovery from it, and how each event was handed in. */
function setUp(...verdicts: (Verdict | Promise<Verdict>)[]) {
  const ways: string[] = [];
  const judge = (way: string): Verdict | Promise<Verdict> => {
    ways.push(way);
    return verdicts.shift() ?? 'admitted';
  };
  const recovery: RecoveryIntake = {
    admit: () => judge('recovery'),
    wakesEnded: Promise.resolve(),
    end: () => undefined,
  };
  const intake: RelayIntake = {
    admit: (_, origin) => judge(origin),
    beginRecovery: () => recovery,
    hasRegistrations: () => true,
  };
  return { intake, recovery, ways };
}

test('the events of a page are all waited for, and each counts once', async () => {
  const [first, second] = [deferred(), deferred()];
  const { intake, recovery } = setUp(
    first.promise.then(() => 'admitted' as const),
    second.promise.then(() => 'unverified' as const),
  );
  const events = new RecoveredEvents(intake, recovery);
  for (const _ of [1, 2, 3]) void events.admit(FRAME);
  let isJudged = false;
  void events.judged().then(() => (isJudged = true));
  first.resolve();
  await settled();
  const before = [isJudged, events.found, events.hasUnverified];
  second.resolve();
  await events.judged();
  await events.judged();
  expect([before, events.found, events.hasUnverified]).toEqual([[false, 2, false], 2, true]);
});

test('an event that comes after the end of its recovery is handed in as live', () => {
  const { intake, recovery, ways } = setUp();
  const events = new RecoveredEvents(intake, recovery);
  void events.admit(FRAME);
  events.isOver = true;
  void events.admit(FRAME);
  expect(ways).toEqual(['recovery', 'live']);
});

test('the events of a first recovery are handed in as stored, also after its end, and none counts as found', () => {
  const { intake, ways } = setUp();
  const events = new RecoveredEvents(intake, 'stored');
  void events.admit(FRAME);
  events.isOver = true;
  void events.admit(FRAME);
  expect([ways, events.found]).toEqual([['stored', 'stored'], 0]);
});

test('an event that came live and was for nobody is not handed in by an audit; what an audit finds is told', () => {
  const { intake, recovery, ways } = setUp('admitted', 'duplicate');
  const found: string[] = [];
  let unheard = 0;
  const onFound = ({ id }: SubscriptionFrame): void => void found.push(id);
  const events = new RecoveredEvents(intake, recovery, {
    heard: new Set([8]),
    onUnheard: () => unheard++,
    onFound,
  });
  const verdicts = [7, 8, 7].map((mark) => events.admit({ ...FRAME, mark }));
  expect(verdicts).toEqual(['admitted', 'duplicate', 'duplicate']);
  expect([ways, found, unheard]).toEqual([['recovery', 'recovery'], [FRAME.id], 2]);
});
