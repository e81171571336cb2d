import { once } from 'node:events';
import { createServer, type Http2Server, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';

import { describe, expect, test } from 'vitest';

import { Arrivals } from '../../../stand-ins/arrivals.ts';
import { LoopbackServer } from '../../../stand-ins/loopback-server.ts';
import { FakeTelemetry } from '../../../test/support/fake-telemetry.ts';
import { keep } from '../../../test/support/keep.ts';
import { Http2Session, type Http2Answer } from './http2-session.ts';

const NEVER = new AbortController().signal;

/** An HTTP/2 server that keeps every stream open until the test answers it, and a session to it. */
async function setUp(): Promise<{
  http2: Http2Server;
  session: Http2Session;
  sessions: Arrivals<ServerHttp2Session>;
  streams: Arrivals<ServerHttp2Stream>;
  telemetry: FakeTelemetry;
  post: (signal?: AbortSignal) => Promise<Http2Answer>;
}> {
  const http2 = createServer();
  const sessions = new Arrivals<ServerHttp2Session>();
  const streams = new Arrivals<ServerHttp2Stream>();
  http2.on('session', (opened) => sessions.push(opened));
  http2.on('stream', (stream) => {
    stream.on('error', () => undefined);
    streams.push(stream);
  });
  const server = keep(await LoopbackServer.listen(http2));
  const telemetry = new FakeTelemetry();
  const session = keep(new Http2Session({ origin: `http://127.0.0.1:${server.port}`, telemetry }));
  const post = (signal = NEVER): Promise<Http2Answer> =>
    session.post('/path', { 'x-name': 'value' }, 'body', signal);
  return { http2, session, sessions, streams, telemetry, post };
}

async function nthStream(streams: Arrivals<ServerHttp2Stream>, n: number): Promise<ServerHttp2Stream> {
  return (await streams.atLeast(n))[n - 1] as ServerHttp2Stream;
}

function answer(stream: ServerHttp2Stream, status = 200, body = 'done'): void {
  stream.respond({ ':status': status, 'retry-after': '7' });
  stream.end(body);
}

describe('a request', () => {
  test('is a POST with its path, headers and body, and its answer is status, body and Retry-After', async () => {
    const { http2, streams, post } = await setUp();
    const headers = once(http2, 'stream').then(([, received]) => received as object);
    const answered = post();
    const stream = await nthStream(streams, 1);
    const [body] = (await once(stream, 'data')) as [Buffer];
    answer(stream, 503, 'later');
    expect(await headers).toMatchObject({ ':method': 'POST', ':path': '/path', 'x-name': 'value' });
    expect(body.toString()).toBe('body');
    expect(await answered).toEqual({ status: 503, retryAfter: '7', body: 'later' });
  });

  test('shares one session with all others, those after it included', async () => {
    const { sessions, streams, post } = await setUp();
    const posts = [post(), post()];
    for (const stream of await streams.atLeast(2)) answer(stream);
    await Promise.all(posts);
    const third = post();
    answer(await nthStream(streams, 3));
    await third;
    expect(sessions.count).toBe(1);
  });

  test('keeps no more than 64 KiB of its answer', async () => {
    const { streams, post } = await setUp();
    const answered = post();
    answer(await nthStream(streams, 1), 200, 'x'.repeat(200_000));
    expect((await answered).body).toHaveLength(64 * 1024);
  });

  test('fails when nobody listens', async () => {
    const { http2, post } = await setUp();
    http2.close();
    await once(http2, 'close');
    await expect(post()).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
  });

  test('fails when its stream is reset, and costs the others nothing', async () => {
    const { sessions, streams, post } = await setUp();
    const [reset, other] = [post(), post()];
    (await nthStream(streams, 1)).close(8);
    await expect(reset).rejects.toBeInstanceOf(Error);
    answer(await nthStream(streams, 2));
    expect(await other).toMatchObject({ status: 200 });
    expect(sessions.count).toBe(1);
  });
});

describe('a session that is lost', () => {
  test('fails its requests, and the next one dials afresh', async () => {
    const { sessions, streams, telemetry, post } = await setUp();
    const lost = post();
    await nthStream(streams, 1);
    sessions.all[0]?.destroy();
    await expect(lost).rejects.toBeInstanceOf(Error);
    const next = post();
    answer(await nthStream(streams, 2));
    expect(await next).toMatchObject({ status: 200 });
    expect(sessions.count).toBe(2);
    expect(telemetry.logged('fcm.session_lost')).toHaveLength(1);
  });
});

describe('a server that says goodbye (GOAWAY)', () => {
  test('still answers what it has taken, while new requests dial afresh', async () => {
    const { http2, sessions, streams, telemetry, post } = await setUp();
    const before = post();
    const stream = await nthStream(streams, 1);
    sessions.all[0]?.goaway();
    await expect.poll(() => telemetry.logged('fcm.session_lost')).toHaveLength(1);
    const after = post();
    answer(await nthStream(streams, 2));
    answer(stream, 200, 'late');
    expect(await Promise.all([before, after])).toMatchObject([{ body: 'late' }, { body: 'done' }]);
    expect(sessions.count).toBe(2);
    expect(http2.listening).toBe(true);
  });
});

describe('the signal', () => {
  test('ends a request that gets no answer', async () => {
    const { streams, post } = await setUp();
    const time = new AbortController();
    const hanging = post(time.signal);
    await nthStream(streams, 1);
    time.abort();
    await expect(hanging).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('makes the next request dial afresh: the peer may be dead', async () => {
    const { sessions, streams, post } = await setUp();
    const time = new AbortController();
    const hanging = post(time.signal);
    await nthStream(streams, 1);
    time.abort();
    await hanging.catch(() => undefined);
    const next = post();
    answer(await nthStream(streams, 2));
    await next;
    expect(sessions.count).toBe(2);
  });

  test('leaves the other requests of its session alone', async () => {
    const { streams, post } = await setUp();
    const time = new AbortController();
    const [other, hanging] = [post(), post(time.signal)];
    await nthStream(streams, 2);
    time.abort();
    await hanging.catch(() => undefined);
    answer(await nthStream(streams, 1));
    expect(await other).toMatchObject({ status: 200 });
  });

  test('keeps a request from being made when it had aborted before', async () => {
    const { streams, post } = await setUp();
    await expect(post(AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
    expect(streams.count).toBe(0);
  });
});

describe('a session that is closed', () => {
  test('ends what is under way', async () => {
    const { session, streams, post } = await setUp();
    const open = post();
    await nthStream(streams, 1);
    await session[Symbol.asyncDispose]();
    await expect(open).rejects.toBeInstanceOf(Error);
  });
});
