import { generateSecretKey, getPublicKey } from 'nostr-tools/pure';

import { keep } from './keep.ts';
import { startTestServer, type TestServer } from './test-server.ts';

/** A trade key as a client writes it. */
export const freshKey = (): string => getPublicKey(generateSecretKey());

/** The server without relays and without Google, until the test is over. */
export async function apiServer(environment: Readonly<Record<string, string>> = {}): Promise<TestServer> {
  return keep(await startTestServer({ environment }));
}

/** The counts of registrations in `/api/status`, as text. */
export async function countsOf(server: TestServer): Promise<string> {
  const text = await (await fetch(`${server.apiUrl}/api/status`)).text();
  return /"tokens":(\{[^}]*\})/.exec(text)?.[1] ?? text;
}
