import { createServer } from 'node:http';

import { expect, test } from 'vitest';
import { WebSocketServer } from 'ws';

import { clientMessage } from '../../stand-ins/client-message.ts';
import { LoopbackServer } from '../../stand-ins/loopback-server.ts';
import { relayFrame } from '../../stand-ins/relay-frame.ts';
import { call } from '../support/http.ts';
import { keep } from '../support/keep.ts';
import { serve } from '../support/program.ts';

const WORD = 'a-word-of-the-relay';
/** Sequences of a terminal, a line of our own log, invisible characters, and a page. */
const TEXTS = [
  `${WORD}\u001B[31m`,
  `${WORD}\r\n{"level":60,"msg":"alarm.raised","alarm":"${WORD}"}`,
  `${WORD}\0\u0007\u2028\u202E`,
  `<script>${WORD}</script>`,
];
const PREFIXES = ['', 'error: ', 'ERROR: blocked: ', 'rate-limited: ', `${WORD}: `, '__proto__: '];
const CONTROL = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}]/u;

/** A relay that says each text wherever a relay may say something, and then closes the connection with one. */
async function talkativeRelay(): Promise<string> {
  const page = JSON.stringify({ name: TEXTS[1], limitation: { max_subscriptions: WORD, max_limit: [WORD] } });
  const http = createServer((_, response) => response.writeHead(200, { server: WORD, date: WORD }).end(page));
  const sockets = new WebSocketServer({ server: http });
  sockets.on('headers', (headers) => void headers.push(`server: ${WORD}`, `date: ${WORD}`));
  let requests = 0;
  sockets.on('connection', (socket) => {
    socket.on('message', (data) => {
      const { type, subscription } = clientMessage(relayFrame(data)) as {
        type: string;
        subscription: string;
      };
      if (type !== 'REQ') return;
      const prefix = PREFIXES[requests++ % PREFIXES.length] ?? '';
      for (const text of TEXTS)
        for (const message of [
          ['NOTICE', text],
          ['AUTH', text],
          ['OK', text, false, text],
          ['EOSE', text],
          ['CLOSED', text, text],
          ['NEG-ERR', subscription, text],
          [text, text],
          ['EVENT', subscription, { id: text, kind: text, tags: [[text]] }],
        ])
          socket.send(JSON.stringify(message));
      const reason = requests % 2 === 1 ? `${prefix}${WORD}${'A'.repeat(1_000_000)}` : prefix + TEXTS[0];
      for (const message of [
        ['NOTICE', reason],
        ['CLOSED', subscription, reason],
      ])
        socket.send(JSON.stringify(message));
      // One REQ for each kind.
      if (requests % 2 === 0) socket.close(4000 + requests, TEXTS[0]);
    });
  });
  return `127.0.0.1:${keep(await LoopbackServer.listen(http)).port}`;
}

test('no word of a relay is in the log at its most talkative, in the status, in the metrics, in readiness or on the dashboard', async () => {
  const relay = await talkativeRelay();
  const { adminUrl, apiUrl, program } = await serve({
    NOSTR_RELAYS: `ws://${relay}`,
    LOG_FORMAT: 'json',
    LOG_LEVEL: 'trace',
  });
  await program.untilPrinted(/relay\.subscription_closed/);
  await program.untilPrinted(/relay\.lost/);
  const urls = [
    `${apiUrl}/api/status`,
    `${adminUrl}/metrics`,
    `${adminUrl}/dashboard.json`,
    `${adminUrl}/health/ready`,
  ];
  const pages = await Promise.all(urls.map(async (url) => (await call(url)).text));
  for (const text of [program.output(), ...pages]) {
    expect(text).not.toContain(WORD);
    expect(text).not.toMatch(CONTROL);
  }
  const lines = program.stdout().split('\n');
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(1000);
});
