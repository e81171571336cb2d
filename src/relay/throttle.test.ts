import { EventEmitter } from 'node:events';

import type { WebSocket } from 'ws';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { FakeClock } from '../../test/support/fake-clock.ts';
import { FakeTelemetry } from '../../test/support/fake-telemetry.ts';
import { RelayAccount } from '../core/relay-account.ts';
import { throttle } from './throttle.ts';

const KIB = 1024;

/** What of a WebSocket is read at a pace. */
class PacedSocket extends EventEmitter {
  isPaused = false;

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  receive(bytes: number, times = 1): void {
    const frame = Buffer.alloc(bytes);
    for (let n = 0; n < times; n++) this.emit('message', frame);
  }
}

function setUp(): { socket: PacedSocket; telemetry: FakeTelemetry } {
  const socket = new PacedSocket();
  const telemetry = new FakeTelemetry();
  const clock = new FakeClock().read;
  throttle(socket as unknown as WebSocket, { account: new RelayAccount(clock), clock, telemetry });
  return { socket, telemetry };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe('a relay', () => {
  test('may send 31 MiB at once in frames of 64 KiB', () => {
    const { socket, telemetry } = setUp();
    socket.receive(64 * KIB, 31 * 16);
    expect([socket.isPaused, telemetry.total('relay_throttled')]).toEqual([false, 0]);
  });

  test('may send a thirty-second part of that in larger ones, each of which may cost a whole JSON.parse', () => {
    const { socket, telemetry } = setUp();
    socket.receive(64 * KIB + 1, 15);
    const before = socket.isPaused;
    socket.receive(64 * KIB + 1, 2);
    expect([before, socket.isPaused, telemetry.total('relay_throttled')]).toEqual([false, true, 1]);
  });

  test('that sent too much is read again when it has been earned', () => {
    const { socket } = setUp();
    // Twice what it may send at once, which is earned in a quarter of a second.
    socket.receive(2 * KIB * KIB);
    vi.advanceTimersByTime(249);
    const before = socket.isPaused;
    vi.advanceTimersByTime(2);
    expect([before, socket.isPaused]).toEqual([true, false]);
  });

  test('that takes longer than its turn is read on when everyone else has had theirs', () => {
    const { socket, telemetry } = setUp();
    // What its frames have cost by the time of each.
    const now = vi.spyOn(performance, 'now');
    const paused = [0, 4.9, 5].map((spent) => {
      now.mockReturnValue(spent);
      socket.receive(KIB);
      return socket.isPaused;
    });
    vi.advanceTimersToNextTimer();
    expect([...paused, socket.isPaused]).toEqual([false, false, true, false]);
    expect(telemetry.total('relay_throttled')).toBe(0);
  });

  test('that sent too much is not read on because a turn is over', () => {
    const { socket } = setUp();
    socket.receive(2 * KIB * KIB);
    vi.advanceTimersToNextTimer();
    expect([socket.isPaused, vi.getTimerCount()]).toEqual([true, 1]);
  });

  test('that is gone is not waited for', () => {
    const { socket } = setUp();
    socket.receive(2 * KIB * KIB);
    socket.emit('close');
    expect(vi.getTimerCount()).toBe(0);
  });
});
