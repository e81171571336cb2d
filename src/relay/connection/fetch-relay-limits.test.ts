import { createServer, type RequestListener } from 'node:http';

import { expect, onTestFinished, test, vi } from 'vitest';

import { LoopbackServer } from '../../../stand-ins/loopback-server.ts';
import { keep } from '../../../test/support/keep.ts';
import { stallingServer } from '../../../test/support/stalling-server.ts';
import { fetchRelayLimits } from './relay-information.ts';
import { DIRECTLY } from '../../../test/support/directly.ts';

const DOCUMENT = JSON.stringify({ limitation: { max_limit: 300 } });
const NEVER = new AbortController().signal;

/** A relay's web side. @returns its `ws` URL */
async function relayThat(answer: RequestListener): Promise<string> {
  const { port } = keep(await LoopbackServer.listen(createServer(answer)));
  return `ws://127.0.0.1:${port}`;
}

test('a relay is asked for its limits by HTTP at its own URL, as NIP-11 has it, without the credentials of the URL', async () => {
  const asked: unknown[] = [];
  const url = await relayThat(({ url: path, method, headers }, response) => {
    asked.push({
      path,
      method,
      accept: headers.accept,
      authorization: headers.authorization,
      by: headers['user-agent'],
    });
    response.end(DOCUMENT);
  });
  const withCredentials = `${url.replace('ws://', 'ws://user:secret@')}/path?query=1`;
  expect(await fetchRelayLimits(withCredentials, NEVER, { userAgent: 'test', wayOut: DIRECTLY })).toEqual({
    maxLimit: 300,
  });
  expect(asked).toEqual([
    {
      path: '/path?query=1',
      method: 'GET',
      accept: 'application/nostr+json',
      authorization: undefined,
      by: 'test',
    },
  ]);
});

test.each([404, 500, 204, 201])(
  'a relay is asked for its limits and has none when it answers %i',
  async (status) => {
    const url = await relayThat((_, response) => response.writeHead(status).end(DOCUMENT));
    expect(await fetchRelayLimits(url, NEVER, { userAgent: 'test', wayOut: DIRECTLY })).toBeUndefined();
  },
);

test('a relay is asked for its limits and has none when it sends us elsewhere, where nobody is asked', async () => {
  const asked: unknown[] = [];
  const url = await relayThat(({ url: path }, response) => {
    asked.push(path);
    if (path === '/') response.writeHead(302, { location: '/elsewhere' });
    response.end(DOCUMENT);
  });
  expect(await fetchRelayLimits(url, NEVER, { userAgent: 'test', wayOut: DIRECTLY })).toBeUndefined();
  expect(asked).toEqual(['/']);
});

test('a relay is asked for its limits and has none when its document is longer than 64 KiB', async () => {
  const answers = [64 * 1024, 64 * 1024 + 1].map((bytes) => DOCUMENT.padEnd(bytes));
  const url = await relayThat((_, response) => response.end(answers.shift()));
  const fits = await fetchRelayLimits(url, NEVER, { userAgent: 'test', wayOut: DIRECTLY });
  expect([fits, await fetchRelayLimits(url, NEVER, { userAgent: 'test', wayOut: DIRECTLY })]).toEqual([
    { maxLimit: 300 },
    undefined,
  ]);
});

test('a relay is asked for its limits and has none when its document has no end', async () => {
  const url = await relayThat((_, response) => {
    const more = (): void =>
      void (response.destroyed || response.write('x'.repeat(1024), () => setImmediate(more)));
    more();
  });
  expect(await fetchRelayLimits(url, NEVER, { userAgent: 'test', wayOut: DIRECTLY })).toBeUndefined();
});

test('a relay is asked for its limits and has none when the connection breaks', async () => {
  const url = await relayThat((_, response) => {
    response.writeHead(200, { 'content-length': DOCUMENT.length });
    response.write(DOCUMENT.slice(0, 5), () => response.destroy());
  });
  expect(await fetchRelayLimits(url, NEVER, { userAgent: 'test', wayOut: DIRECTLY })).toBeUndefined();
});

test('a relay is asked for its limits and has none when nobody is there', async () => {
  const server = await LoopbackServer.listen(createServer());
  await server[Symbol.asyncDispose]();
  expect(
    await fetchRelayLimits(`ws://127.0.0.1:${server.port}`, NEVER, { userAgent: 'test', wayOut: DIRECTLY }),
  ).toBeUndefined();
});

test.each([
  ['before it has answered', () => undefined],
  ['in the middle of its document', (response: { write(text: string): void }) => response.write('{')],
])('asking ends with the signal %s', async (_, begin) => {
  // The five seconds of the next test do not pass here.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const { url, requests } = await stallingServer(begin);
  const stop = new AbortController();
  const asking = fetchRelayLimits(url.replace('http', 'ws'), stop.signal, {
    userAgent: 'test',
    wayOut: DIRECTLY,
  });
  await requests.atLeast(1);
  stop.abort();
  expect(await asking).toBeUndefined();
});

test('asking for limits ends after five seconds without a signal', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const { url, requests } = await stallingServer();
  const asking = fetchRelayLimits(url.replace('http', 'ws'), NEVER, { userAgent: 'test', wayOut: DIRECTLY });
  await requests.atLeast(1);
  vi.advanceTimersByTime(5000);
  expect(await asking).toBeUndefined();
});

test('asking for limits does not begin if the signal was given already', async () => {
  const { url, requests } = await stallingServer();
  expect(
    await fetchRelayLimits(url.replace('http', 'ws'), AbortSignal.abort(), {
      userAgent: 'test',
      wayOut: DIRECTLY,
    }),
  ).toBeUndefined();
  expect(requests.count).toBe(0);
});
