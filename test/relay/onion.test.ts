import { expect, test } from 'vitest';

import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { SocksStandIn } from '../../stand-ins/socks-stand-in.ts';
import { call } from '../support/http.ts';
import { keep } from '../support/keep.ts';
import { setScene } from '../support/scene.ts';
import { eventFor } from '../support/wire-events.ts';

const ONION = `${'a'.repeat(56)}.onion`;

test('an .onion relay is reached through TOR_SOCKS, which resolves its name, and other relays are not', async () => {
  const tor = keep(await SocksStandIn.start());
  const [hidden, plain] = [keep(await RelayStandIn.start()), keep(await RelayStandIn.start())];
  const { google, phone } = await setScene({
    relays: [hidden, plain],
    environment: {
      NOSTR_RELAYS: `ws://${ONION}:${hidden.port},${plain.url}`,
      TOR_SOCKS: `127.0.0.1:${tor.port}`,
    },
  });
  const alice = await phone();
  hidden.broadcast(eventFor([alice.tradePubkey]));
  expect((await google.pushes.atLeast(1))[0]?.token).toBe(alice.token);
  // The connection, and the question for the relay's limits.
  expect(new Set(tor.asked.all)).toEqual(new Set([`${ONION}:${hidden.port}`]));
});

test('an .onion relay without TOR_SOCKS is not looked up, and its status says what it needs', async () => {
  const relay = keep(await RelayStandIn.start());
  const { server } = await setScene({
    relays: [relay],
    environment: { NOSTR_RELAYS: `${relay.url},ws://${ONION}` },
  });
  const [lost] = await server.log.atLeast(1, { where: ({ msg }) => msg === 'relay.lost' });
  expect(lost).toMatchObject({ relay: ONION, error: 'NO_TOR' });
  const status = (await call(`${server.apiUrl}/api/status`)).text;
  expect(status).toContain('NO_TOR: an .onion name is reached through Tor alone');
  expect(status).toContain('set TOR_SOCKS=127.0.0.1:9050');
});
