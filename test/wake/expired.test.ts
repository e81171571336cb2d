import { expect, test } from 'vitest';

import { untilLine } from '../support/relay-lines.ts';
import { setScene } from '../support/scene.ts';
import { eventFor } from '../support/wire-events.ts';
import { BEATS_ARE_PUSHES, isLeftOut } from '../support/wake-policy.ts';

const BEATS = isLeftOut(BEATS_ARE_PUSHES);

const HOUR = 3600;
const rejected = (reason: string): string => `mostro_push_events_rejected_total{reason="${reason}"}`;
const expiresIn = (seconds: number): string[][] => [
  ['expiration', String(Math.floor(Date.now() / 1000) + seconds)],
];

test.skipIf(BEATS).each([1059, 14])(
  'after a gap a kind %i that has expired wakes no device (NIP-40), the others do',
  async (kind) => {
    const { google, phone, relay, server, woken } = await setScene();
    const [alice, bob, carol] = [await phone(), await phone(), await phone()];
    relay.disconnectAll();
    relay.store(eventFor([alice.tradePubkey], { kind, tags: expiresIn(-1), ageSeconds: 60 }));
    relay.store(eventFor([alice.tradePubkey], { kind, tags: [['expiration', '0']] }));
    relay.store(eventFor([bob.tradePubkey], { kind, tags: expiresIn(HOUR), ageSeconds: 60 }));
    relay.store(eventFor([carol.tradePubkey], { kind, tags: [['expiration', 'never']] }));
    await google.pushes.atLeast(2);
    await untilLine(server, relay, { served: [1059, 14], recovering: [] });
    expect((await woken()).toSorted()).toEqual([bob.token, carol.token].toSorted());
    // Pages overlap, so an event may come twice.
    expect(await server.metric(rejected('expired'))).toBeGreaterThanOrEqual(2);
  },
);

test('after a gap an expired event does not use up the one wake of its device', async () => {
  const { google, phone, relay, server, woken } = await setScene();
  const alice = await phone();
  relay.disconnectAll();
  relay.store(eventFor([alice.tradePubkey], { tags: expiresIn(-1) }));
  relay.store(eventFor([alice.tradePubkey], { ageSeconds: 40 * HOUR }));
  await google.pushes.atLeast(1);
  await untilLine(server, relay, { served: [1059, 14], recovering: [] });
  expect(await woken()).toEqual([alice.token]);
  expect(await server.metric(rejected('expired'))).toBeGreaterThanOrEqual(1);
});

test.skipIf(BEATS)(
  'after a gap what is over 72 hours old is not even asked for, nor what is beyond the two days of back-dating',
  async () => {
    const { google, phone, relay, server, woken } = await setScene();
    const [alice, bob] = [await phone(), await phone()];
    relay.disconnectAll();
    relay.store(eventFor([alice.tradePubkey], { ageSeconds: 49 * HOUR }));
    relay.store(eventFor([alice.tradePubkey], { kind: 14, ageSeconds: HOUR }));
    relay.store(eventFor([bob.tradePubkey], { ageSeconds: 48 * HOUR }));
    await google.pushes.atLeast(1);
    await untilLine(server, relay, { served: [1059, 14], recovering: [] });
    expect(await woken()).toEqual([bob.token]);
  },
);
