import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type ClientHttp2Session } from 'node:http2';

import type { NostrEvent } from '../../src/core/nostr-event.ts';
import { chooseCurve } from '../../src/crypto/choose-curve.ts';
import { createEventVerifier } from '../../src/crypto/event-verifier.ts';

// The limit of the way from event to push: verify with the program's own library, POST over a bare HTTP/2 session, in a
// loop that keeps as many streams open as the push service takes. A file has an event a line.

const [streams = ''] = process.argv.slice(2);
const HEADERS = {
  ':method': 'POST',
  ':path': '/v1/projects/bench/messages:send',
  authorization: `Bearer ${'a'.repeat(128)}`,
  'content-type': 'application/json',
};

function post(session: ClientHttp2Session, token: string): Promise<unknown> {
  const stream = session.request(HEADERS);
  stream.resume();
  stream.end(
    `{"message":{"token":"${token}","data":{"type":"silent_wake","source":"mostro-push-server","timestamp":"1764000000"},` +
      '"android":{"priority":"HIGH","ttl":"86400s"},"apns":{"headers":{"apns-push-type":"background","apns-priority":"5"},' +
      '"payload":{"aps":{"content-available":1}}}}}',
  );
  return once(stream, 'response');
}

async function run(session: ClientHttp2Session, lines: readonly string[]): Promise<void> {
  const underWay = new Set<Promise<unknown>>();
  for (const line of lines) {
    const event = JSON.parse(line) as NostrEvent;
    if (!eventVerifier.verify(event)) throw new Error('an event that is not genuine');
    const answered = post(session, event.tags[0]?.[1] ?? '').finally(() => underWay.delete(answered));
    underWay.add(answered);
    if (underWay.size >= Number(streams)) await Promise.race(underWay);
    // A loop that never lets go would read no answer.
    else if (underWay.size % 8 === 0) await new Promise(setImmediate);
  }
  await Promise.all(underWay);
}

const eventVerifier = createEventVerifier(await chooseCurve());
const session = connect(process.env['FCM_BASE_URL'] ?? '');
await once(session, 'remoteSettings');
let lines: readonly string[] = [];
process.on('message', (message) => {
  if (message === 'run') void run(session, lines).then(() => process.send?.({ ran: lines.length }));
  const { file } = message as { file?: string };
  if (file === undefined) return;
  lines = readFileSync(file, 'utf8').split('\n');
  process.send?.({ read: lines.length });
});
process.stderr.write('ready\n');
