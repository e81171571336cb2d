import { expect, test } from 'vitest';

import { fleetScene, type FleetServer } from '../../../test/support/fleet-scene.ts';
import { tradeKey } from '../../../test/support/registrations.ts';

/** By then others have taken over from a server that is not heard of. */
const TAKEN_OVER_MS = 8000;
/** By then a wake that has failed was tried again. */
const TRIED_AGAIN_MS = 120_000;

type Three = readonly [FleetServer, FleetServer, FleetServer];

/** The n-th event for phone 1. */
const forPhone1 = (n: number): object => ({
  id: n.toString(16).padEnd(64, 'a'),
  tags: [['p', tradeKey(1)]],
});

test.each([
  ['is cut off from the engine', 'cutOff', 'reconnect'],
  ['stands still', 'freeze', 'thaw'],
] as const)(
  'an event of a server that %s, and whose waiting wake others have taken over, is woken for',
  async (_what, begin, end) => {
    const { come, event, pushes, schedule, servers } = await fleetScene();
    const [owner] = servers as Three;
    owner.isFailing = true;
    await come(event(1, forPhone1(1)), ...servers);
    owner.isFailing = false;
    owner.share[begin]();
    await schedule.advance(TAKEN_OVER_MS);
    expect(pushes()).toEqual(['phone 1']);
    if (end === 'thaw') owner.share[end]();
    await come(event(1, forPhone1(2)), owner);
    if (end === 'reconnect') owner.share[end]();
    await schedule.advance(TRIED_AGAIN_MS);
    expect(pushes()).toEqual(['phone 1', 'phone 1']);
  },
);
