import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { GoogleStandIn } from '../../stand-ins/google-stand-in.ts';
import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { UnifiedPushStandIn } from '../../stand-ins/unifiedpush-stand-in.ts';
import { deriveVapidKey } from '../../src/crypto/vapid-key.ts';
import { call } from '../support/http.ts';
import { keep } from '../support/keep.ts';
import { googleEnvironment, serve } from '../support/program.ts';
import { tempDirectory } from '../support/temp-directory.ts';
import { badRequests, hostileFrames, wakeEveryKindOfDevice } from '../support/secret-traffic.ts';
import { operatorsPages } from '../support/operators-pages.ts';
import { Secrets } from '../support/secrets.ts';

const UNREGISTERED = {
  status: 404,
  body: {
    error: {
      details: [
        { '@type': 'type.googleapis.com/google.firebase.fcm.v1.FcmError', errorCode: 'UNREGISTERED' },
      ],
    },
  },
};

/** Log events that must have appeared. Without this check the test would pass for a program that logs nothing. */
const TOLD = [
  'relay.connected',
  'relay.subscribed',
  'relay.notice',
  'relay.subscription_closed',
  'relay.frame_rejected',
  'relay.lost',
  'event.matched',
  'event.rejected',
  'wake.delivered',
  'wake.failed',
  'wake.refused',
  'wake.device_refused',
  'provider.unreachable',
  'device.forgotten',
  'fcm.token_minted',
  'registration.stored',
  'registration.removed',
  'server.stopped',
];

describe.each(['json', 'pretty'])('the log at its most talkative, as %s', (format) => {
  test('the log at its most talkative tells of everything that happens and names no key, token, endpoint, event or secret of ours', async () => {
    const secrets = new Secrets();
    const relay = keep(await RelayStandIn.start());
    const google = keep(await GoogleStandIn.start());
    const unifiedPush = keep(await UnifiedPushStandIn.start());
    const directory = await tempDirectory();
    const running = await serve(
      {
        NOSTR_RELAYS: relay.url,
        UNIFIEDPUSH_ALLOW_PRIVATE_ENDPOINTS: 'true',
        GONE_CONFIRM_SECONDS: '0',
        LOG_LEVEL: 'trace',
        LOG_FORMAT: format,
        ...(await googleEnvironment(google)),
      },
      directory,
    );
    await Promise.all([relay.subscribed(1059), relay.subscribed(14)]);
    const serverKey = (await readFile(join(directory, 'data', 'server.key'), 'utf8')).trim();
    secrets.add('the server’s key', serverKey);
    const { d = '' } = deriveVapidKey(Buffer.from(serverKey, 'hex')).privateKey.export({ format: 'jwk' });
    secrets.add('the VAPID key', d);
    const [, ...pem] = google.serviceAccount.private_key.split('\n');
    secrets.add('the service account’s key', pem[0] ?? '');
    secrets.add('the account', google.serviceAccount.client_email);

    google.answer = ({ token, headers }) => {
      secrets.addLong('the access token', (headers.authorization ?? '').replace('Bearer ', ''));
      if (token.includes('-gone-')) return UNREGISTERED;
      const status = /-status(\d+)-/.exec(token)?.[1];
      return status === undefined
        ? undefined
        : { status: Number(status), body: { error: { message: token } } };
    };
    const stage = { relay, unifiedPush, running, secrets };
    await wakeEveryKindOfDevice(stage);
    const pages = await operatorsPages(stage);
    await hostileFrames(stage);
    const errors = await badRequests(stage);
    const metrics = (await call(`${running.adminUrl}/metrics`)).text;
    running.program.kill('SIGTERM');
    // Some devices could not be reached, so their wakes count as lost.
    expect(await running.program.exited).toBe(1);

    const said = running.program.output();
    for (const event of TOLD) expect(said).toContain(event);
    expect(secrets.count).toBeGreaterThan(40);
    for (const text of [said, metrics, ...errors, ...pages]) expect(secrets.foundIn(text)).toEqual([]);
  });
});
