import { expect, test } from 'vitest';

import { admissionWithOneKey, frameOf, FORGED } from '../../../test/support/admission.ts';
import { settled } from '../../../test/support/settled.ts';

test('an event whose devices all have a wake that is unsent is neither verified nor remembered when it is live', async () => {
  const { admission, event, seen, telemetry, unsent, verified, woken } = await admissionWithOneKey();
  unsent.isSo = true;
  expect(await admission.admit(frameOf(event({ sig: FORGED })), 'live')).toBe('admitted');
  expect([verified, woken.count, seen.knows(event().id)]).toEqual([[], 0, false]);
  expect(telemetry.total('events_absorbed')).toBe(1);
});

test('an event whose devices all have a wake that is unsent wakes when a copy of it comes after that wake', async () => {
  const { admission, event, unsent, woken } = await admissionWithOneKey();
  unsent.isSo = true;
  await admission.admit(frameOf(event()), 'live');
  unsent.isSo = false;
  await admission.admit(frameOf(event()), 'live');
  expect(woken.count).toBe(1);
});

test('an event whose devices all have a wake that is unsent is verified all the same when a recovery found it', async () => {
  const { admission, event, unsent, verified } = await admissionWithOneKey();
  unsent.isSo = true;
  await admission.beginRecovery().admit(frameOf(event()));
  expect(verified).toEqual([event().id]);
});

test('two copies of an event in one tick cost one verification and are claimed once', async () => {
  const { admission, event, telemetry, verified, woken } = await admissionWithOneKey();
  const verdicts = [1, 2].map(async () => admission.admit(frameOf(event()), 'live'));
  expect(await Promise.all(verdicts)).toEqual(['admitted', 'duplicate']);
  expect([verified.length, woken.count, telemetry.total('events_duplicate')]).toEqual([1, 1, 1]);
});

test('two copies of an event in one tick are both looked at when the first one is forged', async () => {
  const { admission, event, verified, woken } = await admissionWithOneKey();
  void admission.admit(frameOf(event({ sig: FORGED })), 'live');
  void admission.admit(frameOf(event()), 'live');
  await settled();
  expect([verified.length, woken.count]).toEqual([2, 1]);
});

test('an event that a wake absorbed live before it was sent is known to an audit, and not to a recovery', async () => {
  const { admission, anotherDoor, event, unsent, woken } = await admissionWithOneKey();
  unsent.isSo = true;
  await admission.admit(frameOf(event()), 'live');
  unsent.isSo = false;
  const verdicts = [
    await admission.beginRecovery({ isAudit: true }).admit(frameOf(event())),
    await anotherDoor().beginRecovery({ isAudit: true }).admit(frameOf(event())),
    await anotherDoor().beginRecovery().admit(frameOf(event())),
  ];
  expect([verdicts, woken.count]).toEqual([['duplicate', 'duplicate', 'admitted'], 1]);
});
