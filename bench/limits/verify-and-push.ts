import { readFileSync } from 'node:fs';

import { Agent, request } from 'undici';

import type { NostrEvent } from '../../src/core/nostr/nostr-event.ts';
import { createEventVerifier } from '../../src/crypto/event-verifier.ts';
import { wakeMessage, writeNotice } from '../../src/push/unifiedpush/wake-message.ts';
import { webPushKeys } from '../devices.ts';
import { fastestCurve } from '../fastest-curve.ts';

// The limit from event to Web Push: verify and encrypt with the program's own libraries, and POST with a minimal HTTP
// client, as many at once as the program sends to one host. The file has one event on each line.

const [connections = '', endpoint = ''] = process.argv.slice(2);
const eventVerifier = createEventVerifier(await fastestCurve());
const dispatcher = new Agent({ connections: Number(connections) });
const target = { type: 'unifiedpush', endpoint: `${endpoint}bare`, keys: webPushKeys() } as const;
const silent = writeNotice(undefined);
let lines: readonly string[] = [];

async function client(next: () => string | undefined): Promise<void> {
  for (let line = next(); line !== undefined; line = next()) {
    if (eventVerifier.verify(JSON.parse(line) as NostrEvent) !== 'genuine')
      throw new Error('an event that is not genuine');
    const { body, headers } = wakeMessage(target, { kind: 'silent_wake', timestamp: 0 }, silent);
    const answer = await request(target.endpoint, { dispatcher, method: 'POST', headers, body });
    await answer.body.dump();
  }
}

async function run(): Promise<void> {
  let at = 0;
  const next = (): string | undefined => lines[at++];
  await Promise.all(Array.from({ length: Number(connections) }, () => client(next)));
  process.send?.({ ran: lines.length });
}

process.on('message', (message) => {
  if (message === 'run') void run();
  const { file } = message as { file?: string };
  if (file === undefined) return;
  lines = readFileSync(file, 'utf8').split('\n');
  process.send?.({ read: lines.length });
});
process.stderr.write('ready\n');
