import { expect, test } from 'vitest';

import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { keep } from '../support/keep.ts';
import { untilLine } from '../support/relay-lines.ts';
import { setScene } from '../support/scene.ts';
import { swiftEvents } from '../support/swift-events.ts';
import { eventFor } from '../support/wire-events.ts';
import { BEATS_ARE_PUSHES, isLeftOut } from '../support/wake-policy.ts';

const BEATS = isLeftOut(BEATS_ARE_PUSHES);

const STRANGER = 'ab'.repeat(32);
/** The length of a content that makes a frame too long: the WebSocket library ends the connection. */
const ENDS_THE_CONNECTION = 4_300_000;

/** The kinds of the pages of stored events that a relay was asked for, in their order. */
function pagesAsked({ requests }: RelayStandIn): unknown[] {
  const filters = requests.all.flatMap(({ filters: [filter] }) => filter ?? []);
  return filters.filter(({ limit }) => limit !== 0).map(({ kinds }) => kinds?.[0]);
}

test('two kinds that have a gap ask for their pages in turn: a large one does not keep the other waiting', async () => {
  const relay = keep(await RelayStandIn.start({ maxLimit: 10 }));
  const { google, phone, server } = await setScene({ relays: [relay] });
  const alice = await phone();
  relay.resetAll();
  const strangers = Array.from({ length: 200 }, (_, n) => ({ recipient: STRANGER, kind: 14, ageSeconds: n }));
  relay.storeAll(swiftEvents(strangers));
  relay.store(eventFor([alice.tradePubkey], { ageSeconds: 3600 }));
  expect((await google.pushes.atLeast(1))[0]?.token).toBe(alice.token);
  await untilLine(server, relay, { state: 'live', recovering: [] });
  expect(pagesAsked(relay).slice(0, 4)).toEqual([14, 1059, 14, 1059]);
});

test.skipIf(BEATS)(
  'a kind whose page ends every connection goes first every other time: the other is recovered meanwhile',
  async () => {
    const relay = keep(await RelayStandIn.start());
    const { google, phone } = await setScene({ relays: [relay] });
    const alice = await phone();
    relay.resetAll();
    relay.store({
      ...eventFor([STRANGER], { kind: 14, ageSeconds: 60 }),
      content: 'x'.repeat(ENDS_THE_CONNECTION),
    });
    relay.store(eventFor([alice.tradePubkey], { ageSeconds: 3600 }));
    expect((await google.pushes.atLeast(1))[0]?.token).toBe(alice.token);
    const pages = pagesAsked(relay);
    expect(pages.slice(0, 2)).toEqual([14, 1059]);
  },
);
