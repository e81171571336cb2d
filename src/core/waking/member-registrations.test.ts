import { describe, expect, test } from 'vitest';

import { deferred } from '../../../test/support/deferred.ts';
import {
  fcmTarget,
  liveRegistrations,
  tradeKey,
  webPushTarget,
} from '../../../test/support/registrations.ts';
import { settled } from '../../../test/support/settled.ts';
import { deviceOf, type PushTarget } from '../registry/push-target.ts';
import { MemberRegistrations } from './member-registrations.ts';

const KEY = tradeKey(1);
const [PHONE, OTHER] = [fcmTarget('phone'), fcmTarget('other')];

/** Registrations of which the given devices are members of cohorts, and a turn of the event loop that the test ends. */
function setUp(...members: readonly PushTarget[]) {
  const { registrations } = liveRegistrations();
  const turn = deferred();
  const names = new Set(members.map(deviceOf));
  const book = { member: (device: string) => (names.has(device) ? ({} as never) : undefined) };
  const asked = new MemberRegistrations({ registrations, book, turn: () => turn.promise });
  return { registrations, turn, names, asked };
}

describe('a wake for a member of a cohort', () => {
  test('is wanted without a key, until the device is a member no more', async () => {
    const { asked, names, turn } = setUp(PHONE);
    turn.resolve();
    expect(await asked.whereabouts(PHONE, [])).toEqual({ here: PHONE, elsewhere: [] });
    names.clear();
    expect(await asked.whereabouts(PHONE, [])).toEqual({ here: undefined, elsewhere: [] });
  });

  test('is for the device as it is registered now', async () => {
    const [some, others] = [webPushTarget('x', 1), webPushTarget('x', 2)];
    const { asked, registrations, turn } = setUp(some);
    turn.resolve();
    for (const [n, target] of [some, others].entries())
      await registrations.register(tradeKey(n), target, 'webpush');
    expect((await asked.whereabouts(some, [])).here).toEqual({ ...some, sharesEndpoint: true });
  });

  test('follows its key to another device, and stays as a cover', async () => {
    const { asked, registrations, turn } = setUp(PHONE);
    turn.resolve();
    await registrations.register(KEY, OTHER, 'android');
    expect(await asked.whereabouts(PHONE, [KEY])).toEqual({
      here: PHONE,
      elsewhere: [{ target: OTHER, keys: [KEY] }],
    });
  });

  test('gets its answer a turn of the event loop later, whether it has keys or not', async () => {
    const { asked, registrations, turn } = setUp(PHONE);
    await registrations.register(KEY, PHONE, 'android');
    const answered: string[] = [];
    void asked.whereabouts(PHONE, [KEY]).then(() => answered.push('with a key'));
    void asked.whereabouts(PHONE, []).then(() => answered.push('without'));
    await settled();
    expect(answered).toEqual([]);
    turn.resolve();
    await settled();
    expect(answered).toEqual(['with a key', 'without']);
  });

  test('keeps no other wake waiting while its keys are renewed', async () => {
    const { asked, registrations, turn } = setUp(PHONE);
    await registrations.register(KEY, PHONE, 'android');
    await asked.renew(PHONE, [KEY]);
    expect((await registrations.find(KEY))?.woken).toBe(false);
    turn.resolve();
    await settled();
    expect((await registrations.find(KEY))?.woken).toBe(true);
  });
});

test('a wake for a device that is no member is wanted for its keys, and gets its answer at once', async () => {
  const { asked, registrations } = setUp();
  await registrations.register(KEY, PHONE, 'android');
  expect(await asked.whereabouts(PHONE, [])).toEqual({ here: undefined, elsewhere: [] });
  expect(await asked.whereabouts(PHONE, [KEY])).toEqual({ here: PHONE, elsewhere: [] });
  await asked.renew(PHONE, [KEY]);
  expect((await registrations.find(KEY))?.woken).toBe(true);
});
