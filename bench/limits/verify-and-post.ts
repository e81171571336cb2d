import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type ClientHttp2Session } from 'node:http2';

import type { NostrEvent } from '../../src/core/nostr/nostr-event.ts';
import { createEventVerifier } from '../../src/crypto/event-verifier.ts';
import { fastestCurve } from '../fastest-curve.ts';

// The limit from event to FCM push: verify with the program's own library, and POST over one HTTP/2 session, in a
// loop that keeps as many streams open as the push service allows. The file has one event on each line.

const [streams = ''] = process.argv.slice(2);
const HEADERS = {
  ':method': 'POST',
  ':path': '/v1/projects/bench/messages:send',
  authorization: `Bearer ${'a'.repeat(128)}`,
  'content-type': 'application/json',
};

function post(session: ClientHttp2Session, token: string, onAnswer: () => void): void {
  const stream = session.request(HEADERS);
  stream.on('response', onAnswer);
  stream.resume();
  stream.end(
    `{"message":{"token":"${token}","data":{"type":"silent_wake","source":"mostro-push-server","timestamp":"1764000000"},` +
      '"android":{"priority":"HIGH","ttl":"86400s"},"apns":{"headers":{"apns-push-type":"background","apns-priority":"5"},' +
      '"payload":{"aps":{"content-available":1}}}}}',
  );
}

/** Calls back when the last of the events has been answered. */
function run(session: ClientHttp2Session, lines: readonly string[], onDone: () => void): void {
  let [next, answered, underWay] = [0, 0, 0];
  const advance = (): void => {
    // A few at a time: a loop that never returns to the event loop would read no answer.
    for (let n = 0; n < 8 && underWay < Number(streams) && next < lines.length; n++) {
      const event = JSON.parse(lines[next++] as string) as NostrEvent;
      if (eventVerifier.verify(event) !== 'genuine') throw new Error('an event that is not genuine');
      underWay++;
      post(session, event.tags[0]?.[1] ?? '', onAnswer);
    }
    if (underWay < Number(streams) && next < lines.length) setImmediate(advance);
  };
  const onAnswer = (): void => {
    const wasFull = underWay-- === Number(streams);
    if (++answered === lines.length) onDone();
    else if (wasFull) advance();
  };
  advance();
}

const eventVerifier = createEventVerifier(await fastestCurve());
const session = connect(process.env['FCM_BASE_URL'] ?? '');
await once(session, 'remoteSettings');
let lines: readonly string[] = [];
process.on('message', (message) => {
  if (message === 'run') run(session, lines, () => process.send?.({ ran: lines.length }));
  const { file } = message as { file?: string };
  if (file === undefined) return;
  lines = readFileSync(file, 'utf8').split('\n');
  process.send?.({ read: lines.length });
});
process.stderr.write('ready\n');
