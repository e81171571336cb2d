import type { ServerResponse } from 'node:http';

import { describe, expect, test } from 'vitest';

import { fakeGoogle } from '../../../test/support/fake-google.ts';
import { FakeTelemetry } from '../../../test/support/fake-telemetry.ts';
import { stallingServer } from '../../../test/support/stalling-server.ts';
import { HOUR_MS } from '../../core/basics/clock.ts';
import { GoogleAuth } from './google-auth.ts';
import { DIRECTLY } from '../../../test/support/directly.ts';

/** A request here may take longer than a test: only the closing can end it. */
const NO_LIMIT_MS = HOUR_MS;

describe('closing Google auth', () => {
  test.each([
    ['is left unanswered', () => undefined],
    ['is answered by half', (response: ServerResponse) => void response.write('{"access_token":')],
  ])('ends a request that %s', async (_, begin) => {
    const [{ account }, { url, requests }] = await Promise.all([fakeGoogle(), stallingServer(begin)]);
    const telemetry = new FakeTelemetry();
    const options = {
      account: { ...account, tokenUri: url },
      clock: Date.now,
      userAgent: 'test',
      wayOut: DIRECTLY,
      telemetry,
    };
    const auth = new GoogleAuth(options, NO_LIMIT_MS);
    const minted = auth.accessToken();
    await requests.atLeast(1);
    auth[Symbol.dispose]();
    await expect(minted).rejects.toMatchObject({ name: 'GoogleAuthError', reason: 'unreachable' });
    expect(telemetry.total('oauth_mints', 'failed')).toBe(1);
  });

  test('prevents further requests', async () => {
    const { google, account } = await fakeGoogle();
    const auth = new GoogleAuth({
      account,
      clock: Date.now,
      userAgent: 'test',
      wayOut: DIRECTLY,
      telemetry: new FakeTelemetry(),
    });
    auth[Symbol.dispose]();
    await expect(auth.accessToken()).rejects.toMatchObject({ name: 'GoogleAuthError' });
    expect(google.tokenRequests.count).toBe(0);
  });
});
