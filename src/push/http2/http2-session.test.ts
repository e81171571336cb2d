import { once } from 'node:events';

import { describe, expect, test } from 'vitest';

import { answer, http2Peer } from '../../../test/support/http2-peer.ts';

describe('a request over an HTTP/2 session', () => {
  test('is a POST with its path, headers and body, and its answer is status, body and Retry-After', async () => {
    const { http2, stream, post } = await http2Peer();
    const headers = once(http2, 'stream').then(([, fields]) => fields as object);
    const answered = post();
    const received = await stream(1);
    const [body] = (await once(received, 'data')) as [Buffer];
    answer(received, 503, 'later');
    expect(await headers).toMatchObject({ ':method': 'POST', ':path': '/path', 'x-name': 'value' });
    expect(body.toString()).toBe('body');
    expect(await answered).toEqual({ status: 503, retryAfter: '7', date: expect.any(String), body: 'later' });
  });

  test('shares one session with all others, later ones included', async () => {
    const { sessions, streams, stream, post } = await http2Peer();
    const posts = [post(), post()];
    for (const one of await streams.atLeast(2)) answer(one);
    await Promise.all(posts);
    const third = post();
    answer(await stream(3));
    await third;
    expect(sessions.count).toBe(1);
  });

  test('fails when no server listens', async () => {
    const { http2, post } = await http2Peer();
    http2.close();
    await once(http2, 'close');
    await expect(post()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('fails when its stream is reset, and the other requests succeed', async () => {
    const { sessions, stream, post } = await http2Peer();
    const [reset, other] = [post(), post()];
    (await stream(1)).close(8);
    await expect(reset).rejects.toBeInstanceOf(Error);
    answer(await stream(2));
    expect(await other).toMatchObject({ status: 200 });
    expect(sessions.count).toBe(1);
  });
});

describe('an HTTP/2 session that is lost', () => {
  test('fails its requests, and the next request dials a new session', async () => {
    const { lost, post, sessions, stream } = await http2Peer();
    const failed = post();
    await stream(1);
    sessions.all[0]?.destroy();
    await expect(failed).rejects.toBeInstanceOf(Error);
    const next = post();
    answer(await stream(2));
    expect(await next).toMatchObject({ status: 200 });
    expect(sessions.count).toBe(2);
    expect(lost()).toBe(1);
  });
});

describe('an HTTP/2 server that sends GOAWAY', () => {
  test('still answers the requests that it took, while new requests dial a new session', async () => {
    const { http2, lost, post, sessions, stream } = await http2Peer();
    const before = post();
    const taken = await stream(1);
    sessions.all[0]?.goaway();
    await expect.poll(lost).toBe(1);
    const after = post();
    answer(await stream(2));
    answer(taken, 503, 'late');
    expect(await Promise.all([before, after])).toMatchObject([{ body: 'late' }, { status: 200 }]);
    expect(sessions.count).toBe(2);
    expect(http2.listening).toBe(true);
  });
});

describe('the signal of an HTTP/2 request', () => {
  test('ends a request that gets no answer', async () => {
    const { stream, post } = await http2Peer();
    const time = new AbortController();
    const hanging = post(time.signal);
    await stream(1);
    time.abort();
    await expect(hanging).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('makes the next request dial a new session, because the peer may be dead', async () => {
    const { sessions, stream, post } = await http2Peer();
    const time = new AbortController();
    const hanging = post(time.signal);
    await stream(1);
    time.abort();
    await hanging.catch(() => undefined);
    const next = post();
    answer(await stream(2));
    await next;
    expect(sessions.count).toBe(2);
  });

  test('leaves the other requests of its session alone', async () => {
    const { stream, post } = await http2Peer();
    const time = new AbortController();
    const [other, hanging] = [post(), post(time.signal)];
    await stream(2);
    time.abort();
    await hanging.catch(() => undefined);
    answer(await stream(1));
    expect(await other).toMatchObject({ status: 200 });
  });

  test('prevents the request if it had already aborted', async () => {
    const { streams, post } = await http2Peer();
    await expect(post(AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
    expect(streams.count).toBe(0);
  });
});

describe('an HTTP/2 session that is closed', () => {
  test('fails the requests under way', async () => {
    const { session, stream, post } = await http2Peer();
    const open = post();
    await stream(1);
    await session[Symbol.asyncDispose]();
    await expect(open).rejects.toBeInstanceOf(Error);
  });
});
