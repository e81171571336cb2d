import { describe, expect, test } from 'vitest';

import type { GoogleStandIn } from '../../../stand-ins/google-stand-in.ts';
import { fakeGoogle } from '../../../test/support/fake-google.ts';
import { FakeTelemetry } from '../../../test/support/fake-telemetry.ts';
import { keep } from '../../../test/support/keep.ts';
import { fcmTarget } from '../../../test/support/registrations.ts';
import { stallingServer } from '../../../test/support/stalling-server.ts';
import type { Delivery } from '../../core/lanes/delivery.ts';
import { HOUR_MS } from '../../core/basics/clock.ts';
import { FcmProvider } from './fcm-provider.ts';
import { DIRECTLY } from '../../../test/support/directly.ts';

interface SetUp {
  readonly path?: string;
  readonly tokenUri?: string;
  readonly timeoutMs?: number;
}

async function setUp({ path = '', tokenUri, timeoutMs }: SetUp = {}): Promise<{
  google: GoogleStandIn;
  provider: FcmProvider;
  telemetry: FakeTelemetry;
  send: (signal?: AbortSignal) => Promise<Delivery>;
}> {
  const { google, account } = await fakeGoogle();
  const telemetry = new FakeTelemetry();
  const baseUrl = `${google.baseUrl}${path}`;
  const provider = keep(
    new FcmProvider(
      {
        account: { ...account, ...(tokenUri !== undefined && { tokenUri }) },
        baseUrl,
        wording: { mode: 'silent' },
        clock: Date.now,
        userAgent: 'test',
        wayOut: DIRECTLY,
        telemetry,
      },
      timeoutMs,
    ),
  );
  const wake = { kind: 'silent_wake', timestamp: 1 } as const;
  const send = (signal = new AbortController().signal): Promise<Delivery> =>
    provider.send(fcmTarget('phone'), wake, signal);
  return { google, provider, telemetry, send };
}

describe('a push to FCM', () => {
  test('is delivered with the token of the service account', async () => {
    const { google, send } = await setUp();
    expect(await send()).toEqual({ outcome: 'delivered' });
    expect(google.pushes.all).toMatchObject([{ token: 'phone', httpVersion: '2.0' }]);
  });

  test('keeps the path of the base URL before its own', async () => {
    const { google, send } = await setUp({ path: '/proxy/' });
    expect(await send()).toMatchObject({ outcome: 'refused', reason: 'http_404' });
    expect(google.refusals.count).toBe(1);
  });

  test('that is refused with 401 is sent once more with a fresh token', async () => {
    const { google, send } = await setUp();
    let asked = 0;
    google.answer = () => (asked++ === 0 ? { status: 401 } : undefined);
    expect(await send()).toEqual({ outcome: 'delivered' });
    expect(google.tokenRequests.count).toBe(2);
  });

  test('that is refused with 401 twice is to be retried', async () => {
    const { google, send } = await setUp();
    google.answer = () => ({ status: 401 });
    expect(await send()).toMatchObject({ outcome: 'retry', reason: 'unauthenticated' });
    expect(google.refusals.count).toBe(2);
  });

  test('without an access token is to be retried', async () => {
    const { google, send } = await setUp();
    google.answerToken = () => ({ status: 400 });
    expect(await send()).toMatchObject({ outcome: 'retry', reason: 'no_access_token' });
  });

  test('that gets a 503 with Retry-After says when to try again', async () => {
    const { google, send } = await setUp();
    google.answer = () => ({ status: 503, headers: { 'retry-after': '9' } });
    expect(await send()).toMatchObject({ outcome: 'retry', reason: 'http_503', afterMs: 9000 });
  });

  test('whose session is cut is to be retried, and the next push is delivered', async () => {
    const { google, telemetry, send } = await setUp();
    google.answer = () => {
      google.destroySessions();
      google.answer = undefined;
      return undefined;
    };
    expect(await send()).toMatchObject({ outcome: 'retry', reason: 'unreachable' });
    expect(telemetry.logged('provider.unreachable')).toMatchObject([{ provider: 'fcm' }]);
    expect(telemetry.logged('fcm.session_lost')).toHaveLength(1);
    expect(await send()).toEqual({ outcome: 'delivered' });
    expect(google.sessions).toBe(2);
  });

  test('is delivered over a new session after a GOAWAY', async () => {
    const { google, send } = await setUp();
    await send();
    google.goaway();
    await expect.poll(send).toEqual({ outcome: 'delivered' });
    await expect.poll(() => google.sessions).toBeGreaterThanOrEqual(2);
  });

  test('ends when its signal aborts', async () => {
    const { google, send } = await setUp();
    const time = new AbortController();
    google.answer = () => {
      time.abort();
      return new Promise(() => {});
    };
    expect(await send(time.signal)).toMatchObject({ outcome: 'retry', reason: 'unreachable' });
  });

  test('leaves no trace of its target in the log', async () => {
    const { google, telemetry, send } = await setUp();
    google.answer = () => ({ status: 500, body: 'phone' });
    await send();
    google.destroySessions();
    await send();
    expect(JSON.stringify(telemetry.lines)).not.toContain('phone');
  });
});

describe('warming up FCM', () => {
  test('fetches the access token before the first push', async () => {
    const { google, provider, send } = await setUp();
    await provider.warmUp();
    await send();
    expect(google.tokenRequests.count).toBe(1);
  });

  test('does not throw when Google refuses the access token', async () => {
    const { google, provider } = await setUp();
    google.answerToken = () => ({ status: 400 });
    await expect(provider.warmUp()).resolves.toBeUndefined();
  });
});

describe('closing the FCM provider', () => {
  test('ends a push that waits for an access token', async () => {
    const { url, requests } = await stallingServer();
    // The request for a token may take longer than this test: only the closing can end it.
    const { provider, send } = await setUp({ tokenUri: url, timeoutMs: HOUR_MS });
    const sent = send();
    await requests.atLeast(1);
    await provider[Symbol.asyncDispose]();
    expect(await sent).toMatchObject({ outcome: 'retry', reason: 'no_access_token' });
  });
});
