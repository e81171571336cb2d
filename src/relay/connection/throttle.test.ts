import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';

import type { WebSocket } from 'ws';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { FakeClock } from '../../../test/support/fake-clock.ts';
import { FakeTelemetry } from '../../../test/support/fake-telemetry.ts';
import { webSocketFrame } from '../../../test/support/websocket-frame.ts';
import { RelayAccount } from '../../core/intake/relay-account.ts';
import { throttle } from './throttle.ts';

const KIB = 1024;

/** What of a WebSocket is read at a pace, and the connection beneath it. */
class PacedSocket extends EventEmitter {
  readonly OPEN = 1;
  readyState = 1;
  isPaused = false;
  #headerBytes = 0;
  readonly line = new EventEmitter();

  constructor() {
    super();
    // The library: whatever comes is one message in one frame.
    this.line.on('data', (chunk: Buffer) => this.emit('message', chunk.subarray(this.#headerBytes), false));
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  receive(bytes: number, times = 1): void {
    const frame = webSocketFrame('text', Buffer.alloc(bytes));
    this.#headerBytes = frame.length - bytes;
    for (let n = 0; n < times; n++) this.line.emit('data', frame);
  }
}

function setUp(): {
  account: RelayAccount;
  /** Moves the clock and the timers. */
  advance: (ms: number) => void;
  chatter: () => number;
  received: Buffer[];
  /** How long each message takes, in milliseconds. */
  slow: { ms: number };
  socket: PacedSocket;
  /** How many long pauses were reported. */
  standstills: () => number;
  telemetry: FakeTelemetry;
} {
  const socket = new PacedSocket();
  const telemetry = new FakeTelemetry();
  const time = new FakeClock();
  const clock = time.read;
  const slow = { ms: 0 };
  const account = new RelayAccount(clock);
  const received: Buffer[] = [];
  let chatter = 0;
  let standstills = 0;
  throttle({
    socket: socket as unknown as WebSocket,
    line: socket.line as Socket,
    account,
    clock,
    telemetry,
    standstillMs: 500,
    onStandstill: () => standstills++,
    mostBytes: 4096 * KIB,
    longestBytes: 4096 * KIB,
    onChatter: () => chatter++,
    onTooLong: () => undefined,
    session: {
      receive(bytes) {
        time.advance(slow.ms);
        received.push(bytes);
      },
    },
  });
  const advance = (ms: number): void => {
    time.advance(ms);
    vi.advanceTimersByTime(ms);
  };
  return {
    account,
    advance,
    chatter: () => chatter,
    received,
    slow,
    socket,
    standstills: () => standstills,
    telemetry,
  };
}

/** A relay that has sent twice what it may send at once, which is earned in a quarter of a second. */
function sentTooMuch(): PacedSocket {
  const { slow, socket } = setUp();
  slow.ms = 125;
  socket.receive(64 * KIB + 1);
  return socket;
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

test('a relay may send 31 MiB at once in frames of 64 KiB', () => {
  const { socket, telemetry } = setUp();
  socket.receive(64 * KIB, 31 * 16);
  expect([socket.isPaused, telemetry.total('relay_throttled')]).toEqual([false, 0]);
});

test('a relay may send as much in larger ones of the usual form, which anybody can publish', () => {
  const { socket, telemetry } = setUp();
  socket.receive(128 * KIB, 31 * 8);
  expect([socket.isPaused, telemetry.total('relay_throttled')]).toEqual([false, 0]);
});

test('a relay waits for four times as long as a larger one took that cost a whole JSON.parse', () => {
  const { slow, socket } = setUp();
  // Four times 62 ms are the quarter of a second in which a relay may send as much as at once. Another 62 ms have passed.
  slow.ms = 62;
  socket.receive(64 * KIB + 1);
  const before = socket.isPaused;
  socket.receive(64 * KIB + 1);
  const after = socket.isPaused;
  vi.advanceTimersByTime(150);
  expect([before, after, socket.isPaused]).toEqual([false, true, true]);
  vi.advanceTimersByTime(50);
  expect(socket.isPaused).toBe(false);
});

test('a relay that sent too much is read again when it has been earned', () => {
  const socket = sentTooMuch();
  vi.advanceTimersByTime(249);
  const before = socket.isPaused;
  vi.advanceTimersByTime(2);
  expect([before, socket.isPaused]).toEqual([true, false]);
});

test('a relay is read more slowly when it has used up its share of the processor, whoever charged it', () => {
  const { account, socket, telemetry } = setUp();
  account.spend(2000);
  const before = socket.isPaused;
  // Half a millisecond is earned in one.
  account.spend(50);
  const after = socket.isPaused;
  vi.advanceTimersByTime(99);
  const early = socket.isPaused;
  vi.advanceTimersByTime(2);
  expect([before, after, early, socket.isPaused]).toEqual([false, true, true, false]);
  expect(telemetry.total('relay_throttled')).toBe(1);
});

test('a relay pays for the time that its frames take', () => {
  const { socket, telemetry } = setUp();
  const now = vi.spyOn(performance, 'now');
  let at = 0;
  now.mockImplementation(() => (at += 2));
  socket.receive(KIB, 1000);
  const before = telemetry.total('relay_throttled');
  socket.receive(KIB);
  expect([before, telemetry.total('relay_throttled')]).toEqual([0, 1]);
});

test.each(['pong', 'ping', 'continuation'] as const)(
  'a relay pays for each empty %s as for 128 bytes',
  (opcode) => {
    const { chatter, socket, telemetry } = setUp();
    const frames = Buffer.concat(
      Array.from({ length: 32 * KIB }, () =>
        webSocketFrame(opcode, undefined, { isLast: opcode !== 'continuation' }),
      ),
    );
    for (let n = 0; n < 7; n++) socket.line.emit('data', frames);
    const before = telemetry.total('relay_throttled');
    for (let n = 0; n < 2; n++) socket.line.emit('data', frames);
    expect([before, telemetry.total('relay_throttled'), chatter()]).toEqual([0, 1, 9 * 32 * KIB]);
  },
);

test('a relay that is leaving is not looked at any more', () => {
  const { received, socket } = setUp();
  socket.receive(KIB);
  socket.readyState = 2;
  socket.receive(KIB);
  expect(received).toHaveLength(1);
});

test('a relay that takes longer than its turn is read on when everyone else has had theirs', () => {
  const { socket, telemetry } = setUp();
  // When each of its frames comes.
  const now = vi.spyOn(performance, 'now');
  const paused = [0, 4.9, 5].map((at) => {
    now.mockReturnValue(at);
    socket.receive(KIB);
    return socket.isPaused;
  });
  vi.advanceTimersToNextTimer();
  expect([...paused, socket.isPaused]).toEqual([false, false, true, false]);
  expect(telemetry.total('relay_throttled')).toBe(0);
});

test('a relay that sent too much is not read on because a turn is over', () => {
  const socket = sentTooMuch();
  vi.advanceTimersToNextTimer();
  expect([socket.isPaused, vi.getTimerCount()]).toEqual([true, 1]);
});

test('a relay that is gone is not waited for', () => {
  const socket = sentTooMuch();
  socket.emit('close');
  expect(vi.getTimerCount()).toBe(0);
});

test('a pause of half a second is reported when it ends, and a shorter one is not', () => {
  const { account, advance, standstills } = setUp();
  account.spend(2000);
  account.spend(245);
  advance(490);
  const short = standstills();
  advance(10_000);
  account.spend(2000);
  account.spend(255);
  advance(509);
  const before = standstills();
  advance(1);
  expect([short, before, standstills()]).toEqual([0, 0, 1]);
});

test('short pauses that follow each other at once are reported as one', () => {
  const { account, advance, standstills } = setUp();
  account.spend(2000);
  const reported = [1, 2, 3, 4].map(() => {
    account.spend(100);
    advance(200);
    return standstills();
  });
  expect(reported).toEqual([0, 0, 1, 1]);
});
