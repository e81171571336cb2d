import { describe, expect, test } from 'vitest';

import type { GoogleStandIn } from '../../../stand-ins/google-stand-in.ts';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { fakeGoogle } from '../../../test/support/fake-google.ts';
import { FakeTelemetry } from '../../../test/support/fake-telemetry.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../core/basics/clock.ts';
import { Secret } from '../../core/basics/secret.ts';
import { GoogleAuth, GoogleAuthError } from './google-auth.ts';
import { DIRECTLY } from '../../../test/support/directly.ts';

async function setUp(): Promise<{
  auth: GoogleAuth;
  google: GoogleStandIn;
  clock: FakeClock;
  telemetry: FakeTelemetry;
  /** The token of the current answer. */
  token: () => Promise<string>;
}> {
  const { google, account } = await fakeGoogle();
  // The stand-in judges the assertion by the true time.
  const clock = new FakeClock(Date.now());
  const telemetry = new FakeTelemetry();
  const auth = new GoogleAuth({ account, clock: clock.read, userAgent: 'test', wayOut: DIRECTLY, telemetry });
  return { auth, google, clock, telemetry, token: async () => (await auth.accessToken()).reveal() };
}

/** Scripts answers that are numbered tokens. */
function numberTokens(google: GoogleStandIn, expires_in: number): void {
  let n = 0;
  google.answerToken = () => ({ status: 200, body: { access_token: `token-${++n}`, expires_in } });
}

describe('an access token', () => {
  test('is requested with an assertion that Google accepts, valid for at most an hour', async () => {
    const { google, token } = await setUp();
    expect(await token()).toMatch(/^ya29\./);
    const [request] = google.tokenRequests.all;
    const { iat = 0, exp = 0, iss, aud } = request?.claims ?? {};
    expect(request?.status).toBe(200);
    expect({ iss, aud }).toEqual({
      iss: google.serviceAccount.client_email,
      aud: google.serviceAccount.token_uri,
    });
    expect(exp - iat).toBeLessThanOrEqual(3600);
    expect(iat).toBeLessThan(Date.now() / 1000);
  });

  test.each([429, 503, 403])('is not asked for again before the Retry-After of a %i', async (status) => {
    const { auth, clock, google, token } = await setUp();
    google.answerToken = () => ({ status, body: {}, headers: { 'retry-after': '120' } });
    await expect(token()).rejects.toMatchObject({ reason: `http_${status}`, afterMs: 120_000 });
    clock.advance(119_000);
    const refusal = await auth.accessToken().catch((error: unknown) => error);
    expect(refusal).toMatchObject({ reason: `http_${status}`, afterMs: expect.closeTo(1000, -3) });
    expect(google.tokenRequests.count).toBe(1);
    clock.advance(1000);
    numberTokens(google, 3600);
    expect(await token()).toBe('token-1');
  });

  test('is minted once for fifty requests at the same time', async () => {
    const { google, token } = await setUp();
    const tokens = await Promise.all(Array.from({ length: 50 }, token));
    expect(new Set(tokens).size).toBe(1);
    expect(google.tokenRequests.count).toBe(1);
  });

  test('is used until a minute before it expires', async () => {
    const { clock, google, token } = await setUp();
    numberTokens(google, 3600);
    const first = await token();
    clock.advance(HOUR_MS - MINUTE_MS - 1);
    expect([first, await token()]).toEqual(['token-1', 'token-1']);
  });

  test('is replaced from a minute before it expires', async () => {
    const { clock, google, token } = await setUp();
    numberTokens(google, 3600);
    await token();
    clock.advance(HOUR_MS - MINUTE_MS);
    expect(await token()).toBe('token-2');
  });

  test('is used for less than an hour if Google does not say how long it lives', async () => {
    const { clock, google, token } = await setUp();
    google.answerToken = () => ({
      status: 200,
      body: { access_token: `token-${google.tokenRequests.count}` },
    });
    await token();
    clock.advance(HOUR_MS - MINUTE_MS);
    expect(await token()).toBe('token-1');
  });

  test('is counted and logged when it is minted, without its text', async () => {
    const { telemetry, token } = await setUp();
    const minted = await token();
    expect(telemetry.total('oauth_mints', 'minted')).toBe(1);
    expect(JSON.stringify(telemetry.lines)).not.toContain(minted);
  });
});

describe('an access token that FCM refused', () => {
  test('is replaced at the next call', async () => {
    const { auth, google, token } = await setUp();
    numberTokens(google, 3600);
    auth.invalidate(await auth.accessToken());
    expect(await token()).toBe('token-2');
  });

  test('is dropped once, even if many pushes were refused with it', async () => {
    const { auth, google, token } = await setUp();
    numberTokens(google, 3600);
    const refused = await auth.accessToken();
    auth.invalidate(refused);
    await auth.accessToken();
    auth.invalidate(refused);
    expect(await token()).toBe('token-2');
  });

  test('is not confused with a later token of the same text', async () => {
    const { auth, google, token } = await setUp();
    numberTokens(google, 3600);
    await token();
    auth.invalidate(new Secret('token-1'));
    expect(await token()).toBe('token-1');
  });
});

describe('if Google gives no access token', () => {
  test.each([
    [
      'it refuses the key',
      { status: 400, body: { error: 'invalid_grant', error_description: 'the text' } },
      'http_400',
    ],
    ['it is broken', { status: 500, body: '<html>the text' }, 'http_500'],
    ['it redirects', { status: 302, headers: { location: '/token' } }, 'http_302'],
    ['it answers with rubbish', { status: 200, body: 'the text' }, 'answer_unreadable'],
    ['it answers without a token', { status: 200, body: { expires_in: 3600 } }, 'answer_unreadable'],
    ['it answers with an empty token', { status: 200, body: { access_token: '' } }, 'answer_unreadable'],
    [
      'it answers with more than 8 KiB',
      { status: 200, body: { access_token: 'x'.repeat(9000) } },
      'answer_unreadable',
    ],
  ])('because %s, the error has the reason in one word', async (_, answer, reason) => {
    const { auth, google, telemetry } = await setUp();
    google.answerToken = () => answer;
    const error = await auth.accessToken().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(GoogleAuthError);
    expect(error).toMatchObject({ reason, message: reason });
    expect(telemetry.logged('fcm.oauth_failed')).toMatchObject([{ reason }]);
    expect(JSON.stringify(telemetry.lines)).not.toContain('the text');
  });

  test('because no server listens, the error is of the same kind', async () => {
    const { auth, google, telemetry } = await setUp();
    await google[Symbol.asyncDispose]();
    await expect(auth.accessToken()).rejects.toMatchObject({
      name: 'GoogleAuthError',
      reason: 'unreachable',
    });
    expect(telemetry.total('oauth_mints', 'failed')).toBe(1);
  });

  test('all waiting pushes get the same error, from one request', async () => {
    const { google, token } = await setUp();
    google.answerToken = () => ({ status: 400 });
    const results = await Promise.allSettled(Array.from({ length: 50 }, token));
    expect(new Set(results.map(({ status }) => status))).toEqual(new Set(['rejected']));
    expect(google.tokenRequests.count).toBe(1);
  });

  test('the next call tries again', async () => {
    const { google, token } = await setUp();
    google.answerToken = () => ({ status: 400 });
    await token().catch(() => undefined);
    google.answerToken = undefined;
    expect(await token()).toMatch(/^ya29\./);
  });

  test('a token that is still valid stays in use', async () => {
    const { clock, google, token } = await setUp();
    numberTokens(google, 3600);
    await token();
    google.answerToken = () => ({ status: 500 });
    clock.advance(30 * SECOND_MS);
    expect(await token()).toBe('token-1');
  });
});
