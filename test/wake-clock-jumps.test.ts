import { describe, expect, onTestFinished, test, vi } from 'vitest';

import { RelayStandIn } from '../stand-ins/relay-stand-in.ts';
import { keep } from './support/keep.ts';
import { setScene } from './support/scene.ts';
import { eventFor } from './support/wire-events.ts';

const HOUR_MS = 3_600_000;

describe('a clock that jumps', () => {
  test.each([
    ['ahead, as after a freeze', HOUR_MS],
    ['back', -HOUR_MS],
  ])('%s begins every connection anew, and what was stored meanwhile wakes', async (_, jumpMs) => {
    const relays = [keep(await RelayStandIn.start()), keep(await RelayStandIn.start())];
    const { google, phone } = await setScene({ relays });
    const phones = [await phone(), await phone()];
    for (const [n, relay] of relays.entries()) {
      relay.dropSubscriptionsSilently();
      relay.store(eventFor([phones[n]?.tradePubkey ?? ''], { kind: 14 }));
    }
    const now = Date.now.bind(Date);
    const clock = vi.spyOn(Date, 'now').mockImplementation(() => now() + jumpMs);
    onTestFinished(() => clock.mockRestore());
    await Promise.all(relays.map((relay) => relay.subscribed(14, 2)));
    const pushes = await google.pushes.atLeast(2);
    expect(pushes.map(({ token }) => token).toSorted()).toEqual(phones.map(({ token }) => token).toSorted());
  });
});
