import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

import { expect, onTestFinished, test } from 'vitest';

import { EngineUnavailable } from '../../src/fleet/engine/engine.ts';
import type { RedisEngine } from '../../src/fleet/engine/redis-engine.ts';
import { openEngine, OUTAGE_TIMING } from '../support/fleet-engine.ts';
import { describeEngine, EngineServer } from '../support/redis-engine.ts';

/** Stands before an engine, and says other things than the engine when the test tells it to. */
class Liar {
  readonly port: number;
  /** What each connection says from now on in place of the engine, again and again; `undefined`: what the engine says. */
  says: ((socket: Socket) => void) | undefined;
  /** All that it has sent. */
  bytes = 0;
  readonly #sockets = new Set<Socket>();

  private constructor(port: number) {
    this.port = port;
  }

  static async before(target: number): Promise<Liar> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const liar = new Liar((server.address() as AddressInfo).port);
    server.on('connection', (near) => liar.#join(near, target));
    onTestFinished(() => {
      server.close();
      liar.cut();
    });
    return liar;
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(near: Socket, target: number): void {
    const far = connect(target, '127.0.0.1');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(from);
      from.on('error', () => undefined);
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
    near.on('data', (chunk) => {
      if (this.says === undefined) far.write(chunk);
      else this.says(near);
    });
    far.on('data', (chunk) => {
      if (this.says === undefined) near.write(chunk);
    });
  }
}

/** Says this once for each packet that comes. */
const saying = (text: string) => (socket: Socket) => void socket.write(text, 'latin1');

/** Says this without an end, for as long as the other side reads. */
function endlessly(head: string, piece: string): (socket: Socket) => void {
  const bytes = Buffer.from(piece.repeat(Math.ceil(65_536 / piece.length)), 'latin1');
  return (socket) => {
    const go = (): void => {
      while (!socket.destroyed && socket.write(bytes));
    };
    socket.on('drain', go);
    socket.write(head);
    go();
  };
}

const TIMING = { ...OUTAGE_TIMING, redial: { minMs: 5, baseMs: 5, maxMs: 20 } };
const NOT_AN_ENGINE = 'what answers there is neither Redis nor Valkey; an engine with TLS is at rediss://';
const NO_MARKER = 'its database 0 has a key "mp" that is not of this program';
const LATE = 'it does not answer in time';

async function downFor(engine: RedisEngine): Promise<string | undefined> {
  await expect.poll(() => engine.isUp).toBe(false);
  return engine.problem;
}

describeEngine('an engine that answers rubbish', () => {
  test('of any kind is unavailable, says why, and is up again when it answers as an engine does', async () => {
    const server = await EngineServer.start();
    const liar = await Liar.before(server.port);
    const engine = await openEngine(server.address({ port: liar.port }), { timing: TIMING });
    for (const says of [
      saying('HTTP/1.1 200 OK\r\n\r\n'),
      saying('>1\r\n$-1\r\n'),
      saying('$-1\r\n'.repeat(50)),
      saying('*2\r\n+half\r\n'),
      saying(':1\r\n'),
      endlessly('', '-ERR\r\n'),
      endlessly('*500000\r\n', '$0\r\n\r\n'),
    ]) {
      liar.says = says;
      await engine.call('PING').catch((error: unknown) => error);
      expect([LATE, NOT_AN_ENGINE, NO_MARKER]).toContain(await downFor(engine));
      liar.says = undefined;
      liar.cut();
      await expect.poll(() => engine.isUp).toBe(true);
      expect(String(await engine.call('PING'))).toBe('PONG');
    }
  });

  test('without an end to a read of much data is bounded in bytes and in time', async () => {
    const server = await EngineServer.start();
    const liar = await Liar.before(server.port);
    const timing = { ...TIMING, longAnswerLimitMs: 300, silenceLimitMs: 100 };
    const engine = await openEngine(server.address({ port: liar.port }), { timing });
    for (const says of [
      endlessly('$67000000\r\n', 'x'),
      endlessly('*400000\r\n', `$1000\r\n${'x'.repeat(1000)}\r\n`),
      // A byte now and then is no silence.
      (socket: Socket): void => {
        const timer = setInterval(() => socket.write('x'), 20);
        socket.on('close', () => clearInterval(timer));
        socket.write('$9999\r\n');
      },
    ]) {
      const line = await engine.openLine();
      liar.says = says;
      await expect(line.call('HGETALL', 'key')).rejects.toBeInstanceOf(EngineUnavailable);
      liar.says = undefined;
      liar.cut();
      await expect.poll(() => engine.isUp).toBe(true);
    }
  });

  test('to the first word is refused', async () => {
    const server = await EngineServer.start();
    const liar = await Liar.before(server.port);
    liar.says = saying('SSH-2.0-OpenSSH_9.2\r\n');
    await expect(openEngine(server.address({ port: liar.port }))).rejects.toMatchObject({
      reason: NOT_AN_ENGINE,
    });
  });
});
