import type { FakeClock } from './fake-clock.ts';
import { call, type HttpAnswer } from './http.ts';
import { keep } from './keep.ts';
import { startTestServer, type TestServer } from './test-server.ts';

/** The registration that the incumbent's tests and document use. */
export const FCM = { trade_pubkey: '1'.repeat(64), token: 'test_fcm_token', platform: 'android' };
export const REGISTERED = '{"success":true,"message":"Token registered successfully","platform":"android"}';
export const BAD_INSTANCE = failure('Invalid mostro_pubkey format (expected 64 hex characters)');

export function failure(message: string): string {
  return JSON.stringify({ success: false, message });
}

/** A server with the limits of the contract. */
export async function serverWith(
  environment: Record<string, string> = {},
  clock?: FakeClock,
): Promise<TestServer> {
  const limits = { RATE_LIMIT_PER_MINUTE: '120', ...environment };
  return keep(await startTestServer({ environment: limits, ...(clock && { clock: clock.read }) }));
}

export function send(
  server: TestServer,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<HttpAnswer> {
  return call(`${server.apiUrl}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}
