import { createServer, type Http2Server, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';

import { Arrivals } from '../../stand-ins/arrivals.ts';
import { LoopbackServer } from '../../stand-ins/loopback-server.ts';
import { Http2Session, type Http2Answer } from '../../src/push/http2/http2-session.ts';
import { Deadlines } from '../../src/push/deadlines.ts';
import { keep } from './keep.ts';
import { DIRECTLY } from './directly.ts';

/** How long an attempt may take, in milliseconds: longer than any test. */
const ATTEMPT_MS = 60_000;

export interface Http2Peer {
  readonly http2: Http2Server;
  readonly session: Http2Session;
  readonly sessions: Arrivals<ServerHttp2Session>;
  /** How many sessions were lost. */
  readonly lost: () => number;
  readonly post: (signal?: AbortSignal) => Promise<Http2Answer>;
  /** The stream of the n-th request, from 1 on, when it has come. */
  readonly stream: (n: number) => Promise<ServerHttp2Stream>;
  readonly streams: Arrivals<ServerHttp2Stream>;
}

/** An HTTP/2 server that keeps every stream open until the test answers it, and a session to it. */
export async function http2Peer(): Promise<Http2Peer> {
  const http2 = createServer();
  const sessions = new Arrivals<ServerHttp2Session>();
  const streams = new Arrivals<ServerHttp2Stream>();
  http2.on('session', (opened) => sessions.push(opened));
  http2.on('stream', (stream) => {
    stream.on('error', () => undefined);
    streams.push(stream);
  });
  const server = keep(await LoopbackServer.listen(http2));
  let lost = 0;
  const session = keep(
    new Http2Session({ origin: `http://127.0.0.1:${server.port}`, wayOut: DIRECTLY, onLost: () => lost++ }),
  );
  const deadlines = new Deadlines(ATTEMPT_MS);
  const post = (signal?: AbortSignal): Promise<Http2Answer> => {
    const deadline = deadlines.begin(signal);
    const answered = session.post(
      { ':method': 'POST', ':path': '/path', 'x-name': 'value' },
      'body',
      deadline,
    );
    return answered.finally(() => deadline[Symbol.dispose]());
  };
  const stream = async (n: number): Promise<ServerHttp2Stream> =>
    (await streams.atLeast(n))[n - 1] as ServerHttp2Stream;
  return { http2, session, sessions, lost: () => lost, post, stream, streams };
}

export function answer(stream: ServerHttp2Stream, status = 200, body = 'done'): void {
  stream.respond({ ':status': status, 'retry-after': '7' });
  stream.end(body);
}
