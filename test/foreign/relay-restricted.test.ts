import { describe, expect, test } from 'vitest';

import { GoogleStandIn } from '../../stand-ins/google-stand-in.ts';
import { registerDevices, type Device } from '../support/devices.ts';
import { ForeignRelay } from '../support/foreign-relay.ts';
import { isInstalled, KHATRU } from '../support/relay-makes.ts';
import { keep } from '../support/keep.ts';
import { untilLine } from '../support/relay-lines.ts';
import { swiftEvents } from '../support/swift-events.ts';
import { publishAll } from '../support/test-relay.ts';
import { startTestServer } from '../support/test-server.ts';

describe.skipIf(!isInstalled(KHATRU))(
  'a relay that nobody here wrote (.ci/install-relay installs it) and that keeps gift wraps for those they are for',
  () => {
    test('khatru that keeps gift wraps for those they are for takes the server’s authentication, still serves it none, which the status says, and wakes by kind 14', async () => {
      const relay = keep(await ForeignRelay.start({ restrictGiftWraps: true }));
      const google = keep(await GoogleStandIn.start({ tls: false }));
      const server = keep(await startTestServer({ google, environment: { NOSTR_RELAYS: relay.url } }));
      const line = {
        state: 'live',
        served: [14],
        restricted: [{ kind: 1059, reason: 'restricted' }],
        authentication: 'accepted',
        reconnects: 0,
      };
      await untilLine(server, relay, line);

      const [alice, bob] = (await registerDevices(server, 2)) as [Device, Device];
      const [wrap, message] = swiftEvents([
        { recipient: alice.key, kind: 1059, ageSeconds: 0 },
        { recipient: bob.key, kind: 14, ageSeconds: 0 },
      ]);
      if (wrap === undefined || message === undefined) throw new Error('no events');
      // The gift wrap first: if it woke, it would do so before the message does.
      await publishAll(relay.url, [wrap]);
      await publishAll(relay.url, [message]);
      const pushes = await google.pushes.atLeast(1);
      expect(pushes.map(({ token }) => token)).toEqual([bob.token]);
      await untilLine(server, relay, line);
    });
  },
);
