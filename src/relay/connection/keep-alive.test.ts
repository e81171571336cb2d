import { EventEmitter } from 'node:events';

import { expect, onTestFinished, test, vi } from 'vitest';
import type { WebSocket } from 'ws';

import { FakeClock } from '../../../test/support/fake-clock.ts';
import { keep } from '../../../test/support/keep.ts';
import { HOUR_MS } from '../../core/basics/clock.ts';
import { keepAlive } from './keep-alive.ts';

/** A socket to a relay that answers every ping, or none. */
class PingedSocket extends EventEmitter {
  readonly #answers: boolean;
  isTerminated = false;

  constructor(answers: boolean) {
    super();
    this.#answers = answers;
  }

  ping(): void {
    if (this.#answers) this.emit('pong');
  }

  terminate(): void {
    this.isTerminated = true;
  }
}

test.each([
  ['answers every ping is kept', true],
  ['answers no ping is ended after the time for an answer', false],
])('the connection to a relay that %s', (_, answers) => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const socket = new PingedSocket(answers);
  const timing = { pingIntervalMs: 30_000, pongTimeoutMs: 10_000 };
  keepAlive(socket as unknown as WebSocket, { timing, clock: new FakeClock().read, onPong: () => undefined });
  vi.advanceTimersByTime(39_999);
  expect(socket.isTerminated).toBe(false);
  vi.advanceTimersByTime(300_000);
  expect(socket.isTerminated).toBe(!answers);
  socket.emit('close');
});

/** A socket to a relay that reads nothing: every answer to a ping waits to be sent. */
class UnreadSocket extends EventEmitter {
  readonly OPEN = 1;
  readonly readyState = 1;
  bufferedAmount = 0;
  #pongs = 0;

  pong(data: Buffer): void {
    this.#pongs += 1;
    this.bufferedAmount += data.length;
  }

  get pongs(): number {
    return this.#pongs;
  }
}

test('a relay that sends pings and never reads gets no more answers once 64 KiB of them wait to be sent', () => {
  const socket = new UnreadSocket();
  const timing = { pingIntervalMs: HOUR_MS, pongTimeoutMs: HOUR_MS };
  keepAlive(socket as unknown as WebSocket, { timing, clock: new FakeClock().read, onPong: () => undefined });
  keep({ [Symbol.asyncDispose]: async () => void socket.emit('close') });
  for (let ping = 0; ping < 1000; ping++) socket.emit('ping', Buffer.alloc(1024));
  expect(socket.pongs).toBe(64);
});
