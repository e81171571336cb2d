import { createServer, type Socket } from 'node:net';

import { expect, test } from 'vitest';

import { Arrivals } from '../../stand-ins/arrivals.ts';
import { LoopbackServer } from '../../stand-ins/loopback-server.ts';
import { UnifiedPushStandIn } from '../../stand-ins/unifiedpush-stand-in.ts';
import { WebPushSubscription } from '../../stand-ins/web-push-subscription.ts';
import { registerDevices } from '../support/devices.ts';
import { keep } from '../support/keep.ts';
import { setScene, untilMetric, type Scene } from '../support/scene.ts';
import { eventFor } from '../support/wire-events.ts';

/** The most bytes that a hostile push server can send before the connection is closed: what the sockets buffer. */
const SOCKET_BUFFERS = 16 * 1024 ** 2;
const GIGABYTE = 1024 ** 3;

interface HostileServer {
  readonly endpoint: string;
  readonly connections: Arrivals<Socket>;
}

/** A server that gives every connection which has sent a request to the test. */
async function hostileServer(act: (socket: Socket) => void): Promise<HostileServer> {
  const connections = new Arrivals<Socket>();
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.resume();
      connections.push(socket);
      act(socket);
    });
  });
  const { port } = keep(await LoopbackServer.listen(server));
  return { endpoint: `http://127.0.0.1:${port}/upEve?up=1`, connections };
}

/** Sends an endless answer, one byte a second. */
function drip(socket: Socket, text: string): void {
  let at = 0;
  const timer = setInterval(() => socket.write(text[at++ % text.length] ?? ''), 1000);
  socket.once('close', () => clearInterval(timer));
}

/** Writes a gigabyte, as fast as the client reads. */
function flood(socket: Socket): void {
  const chunk = Buffer.alloc(64 * 1024, 'x');
  const write = (): void => {
    while (socket.bytesWritten < GIGABYTE && !socket.destroyed && socket.write(chunk));
  };
  socket.on('drain', write);
  write();
}

const ANSWER = 'HTTP/1.1 201 Created\r\n';

/** Resolves when a connection has ended in any way. `once` of `node:events` would reject at a reset. */
async function closed(socket: Socket | undefined): Promise<void> {
  if (socket?.closed === false) await new Promise((resolve) => socket.once('close', resolve));
}

/** Registers Eve at the hostile server and wakes her. */
async function wakeEve({ phone, relay }: Scene, { endpoint }: HostileServer): Promise<void> {
  const eve = await phone({ name: 'eve', subscription: new WebPushSubscription(endpoint) });
  relay.broadcast(eventFor([eve.tradePubkey]));
}

/** Checks that a device of FCM and one of another push server are woken meanwhile. */
async function expectOthersWoken({ google, phone, relay }: Scene): Promise<void> {
  const good = keep(await UnifiedPushStandIn.start());
  const alice = await phone();
  const bob = await phone({ subscription: new WebPushSubscription(good.endpoint('Bob')) });
  relay.broadcast(eventFor([alice.tradePubkey, bob.tradePubkey]));
  await google.pushes.atLeast(1, { where: ({ token }) => token === alice.token });
  await good.pushes.atLeast(1);
}

const pushes = (outcome: string): string =>
  `mostro_push_pushes_total{provider="unifiedpush",outcome="${outcome}"}`;

/** The second attempt comes later than any test runs. */
const PATIENT = { RETRY_MIN_MS: '60000' };

/** Ways to keep a client waiting: with no byte, within the status, within the headers, with interim answers. */
const TAR_PITS: readonly ((socket: Socket) => void)[] = [
  () => undefined,
  (socket) => drip(socket, ANSWER),
  (socket) => {
    socket.write(ANSWER);
    drip(socket, 'x: y\r\n');
  },
  (socket) => drip(socket, 'HTTP/1.1 102 Processing\r\n\r\n'),
];

test('a tar pit, which sends nothing or one byte a second, is given up after ten seconds, and no other device waits', async () => {
  const scene = await setScene({ environment: PATIENT });
  const eves = await Promise.all(TAR_PITS.map((act) => hostileServer(act)));
  await Promise.all(eves.map((eve) => wakeEve(scene, eve)));
  const sockets = await Promise.all(eves.map(async ({ connections }) => (await connections.atLeast(1))[0]));
  await expectOthersWoken(scene);
  expect(sockets.map((socket) => socket?.destroyed)).toEqual(TAR_PITS.map(() => false));
  await Promise.all(sockets.map(closed));
  await untilMetric(scene.server, pushes('retry'), TAR_PITS.length);
  expect(eves.map(({ connections }) => connections.count)).toEqual(TAR_PITS.map(() => 1));
});

test('a tar pit takes two sockets, of those that all hosts without a delivery share', async () => {
  const [hosts, devices, atOnce] = [12, 4, 20];
  const laneSizes = { unifiedpush: { concurrency: 16, capacity: 100, shares: { fresh: { atOnce } } } };
  const scene = await setScene({ environment: PATIENT, laneSizes });
  const { phone, relay, server } = scene;
  // This host has delivered before, so the sockets that the others use are not taken from it.
  const good = keep(await UnifiedPushStandIn.start());
  const bob = await phone({ subscription: new WebPushSubscription(good.endpoint('Bob')) });
  relay.broadcast(eventFor([bob.tradePubkey]));
  await good.pushes.atLeast(1);
  const eves = await Promise.all(Array.from({ length: hosts }, () => hostileServer(() => undefined)));
  const registered = await registerDevices(
    server,
    hosts * devices,
    (n) => `${eves[n % hosts]?.endpoint}&n=${n}`,
  );
  for (const { key } of registered) relay.broadcast(eventFor([key]));
  await untilMetric(server, 'mostro_push_wakes_queued_total{provider="unifiedpush"}', hosts * devices + 1);
  const carol = await phone({ subscription: new WebPushSubscription(good.endpoint('Carol')) });
  const alice = await phone();
  relay.broadcast(eventFor([alice.tradePubkey, carol.tradePubkey]));
  await scene.google.pushes.atLeast(1, { where: ({ token }) => token === alice.token });
  await good.pushes.atLeast(2);
  const sockets = eves.map(({ connections }) => connections.count);
  expect(sockets.reduce((sum, count) => sum + count)).toBe(atOnce);
  expect(Math.max(...sockets)).toBe(2);
});

test('a tar pit counts as delivered if only the body of its answer comes one byte a second', async () => {
  const scene = await setScene({ environment: PATIENT });
  const eve = await hostileServer((socket) => {
    socket.write(`${ANSWER}content-length: 1000000\r\n\r\n`);
    drip(socket, 'x');
  });
  await wakeEve(scene, eve);
  const [socket] = await eve.connections.atLeast(1);
  await expectOthersWoken(scene);
  await closed(socket);
  await untilMetric(scene.server, pushes('delivered'), 2);
});

test.each([
  ['a gigabyte of body', `${ANSWER}content-length: ${GIGABYTE}\r\n\r\n`, 'delivered', 2],
  ['a body without end', `${ANSWER}transfer-encoding: chunked\r\n\r\n40000000\r\n`, 'delivered', 2],
  ['a gigabyte of one header', `${ANSWER}x: `, 'retry', 1],
  ['a gigabyte of status line', 'HTTP/1.1 201 ', 'retry', 1],
  ['a gigabyte of a chunk extension', `${ANSWER}transfer-encoding: chunked\r\n\r\n1;`, 'delivered', 2],
])(
  'a push server that answers too much is disconnected, and its %s is not read to the end',
  async (_, beginning, outcome, count) => {
    const scene = await setScene({ environment: PATIENT });
    const eve = await hostileServer((socket) => {
      socket.write(beginning);
      flood(socket);
    });
    await wakeEve(scene, eve);
    const [socket] = await eve.connections.atLeast(1);
    await expectOthersWoken(scene);
    await closed(socket);
    await untilMetric(scene.server, pushes(outcome), count);
    expect(socket?.bytesWritten).toBeLessThan(SOCKET_BUFFERS);
  },
);

test.each([301, 302, 303, 307, 308])(
  'a push server that redirects with %i, to itself, is asked once',
  async (status) => {
    const scene = await setScene({ environment: PATIENT });
    const loop = keep(await UnifiedPushStandIn.start());
    loop.answer = ({ path }) => ({ status, headers: { location: `${loop.baseUrl}${path}` } });
    await wakeEve(scene, { endpoint: loop.endpoint('Eve'), connections: new Arrivals() });
    await expectOthersWoken(scene);
    await untilMetric(scene.server, pushes('refused'), 1);
    expect(loop.pushes.count).toBe(1);
  },
);

test.each([
  ['resets the connection', (socket: Socket) => socket.resetAndDestroy()],
  [
    'begins with the 100 that nobody asked for',
    (socket: Socket) => socket.end(`HTTP/1.1 100 Continue\r\n\r\n${ANSWER}content-length: 0\r\n\r\n`),
  ],
  ['closes it without a word', (socket: Socket) => socket.end()],
  ['closes it within the headers', (socket: Socket) => socket.end(ANSWER)],
  ['speaks no HTTP', (socket: Socket) => socket.end('SSH-2.0-OpenSSH_9.2p1\r\n')],
])('a push server that breaks off and %s is tried again, and no other device waits', async (_, act) => {
  const scene = await setScene();
  const eve = await hostileServer((socket) => {
    if (eve.connections.count === 1) act(socket);
    else socket.end(`${ANSWER}content-length: 0\r\n\r\n`);
  });
  await wakeEve(scene, eve);
  await eve.connections.atLeast(1);
  await expectOthersWoken(scene);
  await untilMetric(scene.server, pushes('delivered'), 2);
  expect(await scene.server.metric(pushes('retry'))).toBe(1);
  expect(eve.connections.count).toBe(2);
});
