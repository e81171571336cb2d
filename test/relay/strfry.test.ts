import { expect, test } from 'vitest';

import { GoogleStandIn } from '../../stand-ins/google-stand-in.ts';
import { RelayStore } from '../../stand-ins/relay-store.ts';
import type { StrfryConfig } from '../../stand-ins/strfry-rules.ts';
import { StrfryStandIn } from '../../stand-ins/strfry-stand-in.ts';
import { registerDevices, type Device } from '../support/devices.ts';
import { keep } from '../support/keep.ts';
import { untilLine } from '../support/relay-lines.ts';
import type { RelaySettings } from '../support/relay-makes.ts';
import { relayTable } from '../support/relay-table.ts';
import type { TableRelay } from '../support/relay-table-scene.ts';
import { swiftEvents } from '../support/swift-events.ts';
import { publishAll } from '../support/test-relay.ts';
import { startTestServer } from '../support/test-server.ts';

/** The events of killed relays, by their directories. */
const stores = new Map<string, RelayStore>();

async function strfryTableRelay(settings: RelaySettings): Promise<TableRelay> {
  const { directory = '', maxLimit, maxSubscriptions, port = 0 } = settings;
  const store = stores.get(directory) ?? new RelayStore();
  if (directory !== '') stores.set(directory, store);
  const config: StrfryConfig = {
    ...(maxLimit !== undefined && { maxLimit }),
    ...(maxSubscriptions !== undefined && { maxSubscriptions }),
    // Its document would say how many subscriptions there are.
    hidesInformation: maxSubscriptions !== undefined,
  };
  const relay = await StrfryStandIn.start(config, { port, store });
  return {
    url: relay.url,
    port: relay.port,
    publish: (events) => publishAll(relay.url, events),
    kill: () => relay[Symbol.asyncDispose](),
    async [Symbol.asyncDispose]() {
      await relay[Symbol.asyncDispose]();
      expect(relay.refusals.all.filter((text) => !text.startsWith('too many'))).toEqual([]);
      const asked = relay.requests.all.flat();
      expect(asked.filter(({ since = 0, until = Infinity }) => since > until)).toEqual([]);
    },
  };
}

relayTable({
  name: 'strfry’s rules',
  start: strfryTableRelay,
  has: new Set(['directory', 'maxLimit', 'maxSubscriptions']),
  strangers: 500,
  burst: 0,
  standstills: [],
});

test.each([
  ['without a serviceUrl, so that no authentication is accepted', false, 'auth-required', 'refused'],
  ['with a serviceUrl', true, 'unconfirmed', 'accepted'],
] as const)(
  'strfry that restricts gift wraps, as it does by default, %s: the status does not say that they are served, and kind 14 wakes',
  async (_, hasServiceUrl, reason, authentication) => {
    const first = await StrfryStandIn.start();
    await first[Symbol.asyncDispose]();
    const { port, url } = first;
    const config = {
      restrictedKinds: [4, 1059],
      ...(hasServiceUrl && { serviceUrl: url }),
      pingIntervalMs: 500,
    };
    const relay = keep(await StrfryStandIn.start(config, { port }));
    const google = keep(await GoogleStandIn.start({ tls: false }));
    const server = keep(await startTestServer({ google, environment: { NOSTR_RELAYS: url } }));
    const line = {
      state: 'live',
      served: [14],
      restricted: [{ kind: 1059, reason }],
      authentication,
    };
    await untilLine(server, relay, line);
    const [alice, bob] = (await registerDevices(server, 2)) as [Device, Device];
    await publishAll(
      url,
      swiftEvents([
        { recipient: alice.key, kind: 1059, ageSeconds: 0 },
        { recipient: bob.key, kind: 14, ageSeconds: 0 },
      ]),
    );
    expect((await google.pushes.atLeast(1)).map(({ token }) => token)).toEqual([bob.token]);
    await untilLine(server, relay, line);
  },
);
