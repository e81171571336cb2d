import { generateSecretKey, getPublicKey } from 'nostr-tools/pure';

import { httpAuth, type HttpAuthParts } from '../../stand-ins/http-auth.ts';
import { FakeClock } from './fake-clock.ts';
import { call, type HttpAnswer } from './http.ts';
import { keep } from './keep.ts';
import { startTestServer, type TestServer } from './test-server.ts';

/** The key of the test, and the time of the server and of the signing client. */
export const SECRET: Uint8Array = generateSecretKey();
export const KEY: string = getPublicKey(SECRET);
export const CLOCK: FakeClock = new FakeClock(Date.now());

export const REGISTERED = '{"success":true,"message":"Token registered successfully","platform":"android"}';
export const UNREGISTERED = '{"success":true,"message":"Token unregistered successfully"}';
export const NOT_FOUND = '{"success":true,"message":"Token not found (may have already been unregistered)"}';
export const REFUSED = {
  status: 401,
  headers: { 'www-authenticate': 'Nostr' },
  text: '{"success":false,"message":"Invalid authorization"}',
};

export interface Asked {
  readonly token?: string;
  readonly key?: string;
  readonly signedBy?: Uint8Array;
  /** Changes what is signed, so that the signature does not fit the request. */
  readonly parts?: Partial<HttpAuthParts>;
  /** The header itself, in place of a signed one. */
  readonly authorization?: string;
  readonly headers?: Record<string, string>;
}

/** A header that signs this request to the server. */
export function signature(
  server: TestServer,
  path: string,
  body: string,
  parts: Partial<HttpAuthParts> = {},
): string {
  return httpAuth(SECRET, { url: `${server.apiUrl}${path}`, body, createdAt: CLOCK.seconds, ...parts });
}

function ask(server: TestServer, path: string, asked: Asked): Promise<HttpAnswer> {
  const { authorization, headers, key = KEY, parts, signedBy, token } = asked;
  const device = path === '/api/register' ? { token: token ?? 'mine', platform: 'android' } : {};
  const body = JSON.stringify({ trade_pubkey: key, ...device });
  const url = `${server.apiUrl}${path}`;
  const signed = signedBy && httpAuth(signedBy, { url, body, createdAt: CLOCK.seconds, ...parts });
  const header = authorization ?? signed;
  return call(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(header !== undefined && { authorization: header }),
      ...headers,
    },
    body,
  });
}

export function register(server: TestServer, asked: Asked = {}): Promise<HttpAnswer> {
  return ask(server, '/api/register', asked);
}

export function unregister(server: TestServer, asked: Asked = {}): Promise<HttpAnswer> {
  return ask(server, '/api/unregister', asked);
}

export async function serverWith(environment: Record<string, string> = {}): Promise<TestServer> {
  return keep(await startTestServer({ environment, clock: CLOCK.read }));
}
