import { once } from 'node:events';
import { constants, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';

import { describe, expect, test } from 'vitest';

import { answer, http2Peer } from '../../../test/support/http2-peer.ts';

const KIB = 1024;

/** Begins an answer with a part of its body, and resolves when that is on its way. */
function begin(stream: ServerHttp2Stream, status: number): Promise<void> {
  stream.respond({ ':status': status });
  return new Promise((resolve) => void stream.write('{"name":', () => resolve()));
}

const CUTS: readonly [string, (stream: ServerHttp2Stream, session: ServerHttp2Session) => void][] = [
  ['by a reset of the stream', (stream) => stream.destroy(new Error('cut'))],
  ['by the end of the session', (_, session) => session.destroy()],
];

describe('the HTTP/2 answer 200', () => {
  test('resolves without its body', async () => {
    const { post, stream } = await http2Peer();
    const answered = post();
    answer(await stream(1), 200, 'done');
    expect(await answered).toEqual({ status: 200, retryAfter: '7', date: expect.any(String), body: '' });
  });

  test('resolves before its body has arrived', async () => {
    const { post, stream } = await http2Peer();
    const answered = post();
    await begin(await stream(1), 200);
    expect(await answered).toMatchObject({ status: 200, body: '' });
  });

  test('has its stream cancelled if its body does not end, so that the stream is free for other pushes', async () => {
    const { post, stream } = await http2Peer();
    const answered = post();
    const answering = await stream(1);
    await begin(answering, 200);
    await answered;
    await once(answering, 'close');
    expect(answering.rstCode).toBe(constants.NGHTTP2_CANCEL);
  });

  test.each(CUTS)('is an answer even if its body is cut off %s', async (_, cut) => {
    const { post, sessions, stream } = await http2Peer();
    const answered = post();
    const answering = await stream(1);
    await begin(answering, 200);
    cut(answering, sessions.all[0] as ServerHttp2Session);
    expect(await answered).toMatchObject({ status: 200, body: '' });
  });

  test('leaves the flow-control window to later answers, however long its body is', async () => {
    const { post, sessions, stream } = await http2Peer();
    for (const n of [1, 2, 3]) {
      const answered = post();
      answer(await stream(n), 200, 'x'.repeat(200 * KIB));
      expect(await answered).toMatchObject({ status: 200, body: '' });
    }
    const refused = post();
    answer(await stream(4), 404, 'read');
    expect(await refused).toMatchObject({ status: 404, body: 'read' });
    expect(sessions.count).toBe(1);
  });
});

describe('an HTTP/2 answer other than 200', () => {
  test.each(CUTS)('fails if its body is cut off %s', async (_, cut) => {
    const { post, sessions, stream } = await http2Peer();
    const answered = post();
    const answering = await stream(1);
    await begin(answering, 404);
    cut(answering, sessions.all[0] as ServerHttp2Session);
    await expect(answered).rejects.toBeInstanceOf(Error);
  });

  test('may have no body', async () => {
    const { post, stream } = await http2Peer();
    const answered = post();
    (await stream(1)).respond({ ':status': 404 }, { endStream: true });
    expect(await answered).toMatchObject({ status: 404, body: '' });
  });

  test.each([
    ['as it is, up to 64 KiB', 64 * KIB - 1, 64 * KIB - 1],
    ['as it is, at 64 KiB', 64 * KIB, 64 * KIB],
    ['cut, from 64 KiB on', 64 * KIB + 1, 64 * KIB],
    ['cut, when it is far longer', 200_000, 64 * KIB],
  ])('has its body %s', async (_, sent, kept) => {
    const { post, stream } = await http2Peer();
    const answered = post();
    answer(await stream(1), 404, 'x'.repeat(sent));
    expect((await answered).body).toBe('x'.repeat(kept));
  });
});
