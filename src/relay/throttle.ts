import type { WebSocket } from 'ws';

import { TokenBucket } from '../core/token-bucket.ts';
import type { Clock } from '../core/clock.ts';
import type { Telemetry } from '../core/telemetry.ts';

const MIB = 1024 * 1024;
/**
 * What one relay may send in the long run, and at once: far more than any honest one has to say, and about half of what
 * one core can look at. A relay that sends more is read more slowly and loses nothing.
 */
const BYTES = { perSecond: 128 * MIB, burst: 32 * MIB };
/** Relays keep events to this. What is larger may cost a whole JSON.parse, some 60 ms for 1 MiB: four such a second. */
const USUAL_FRAME_BYTES = 64 * 1024;
const LARGE_FRAME_FACTOR = 32;
/** What a frame costs beyond its bytes, in bytes. */
const FRAME_OVERHEAD_BYTES = 128;

/**
 * After so many milliseconds a relay's turn is over, and everyone else has theirs. Node hands over up to 2 MiB of one
 * socket before it looks at another: of events to verify that is a second in which no push is sent or answered.
 */
const TURN_MS = 5;

/** Reads a relay no faster than it may send, and in turns, so that none can take all of the processor. */
export function throttle(
  socket: WebSocket,
  { clock, telemetry }: { clock: Clock; telemetry: Telemetry },
): void {
  const allowance = new TokenBucket({ ...BYTES, clock });
  let earned: NodeJS.Timeout | undefined;
  let nextTurn: NodeJS.Immediate | undefined;
  let turnEndsAt = 0;
  const resume = (): void => {
    if (earned === undefined) socket.resume();
  };
  socket.on('message', (data: Buffer) => {
    const now = performance.now();
    if (nextTurn === undefined) {
      turnEndsAt = now + TURN_MS;
      nextTurn = setImmediate(() => {
        nextTurn = undefined;
        if (socket.isPaused) resume();
      });
    } else if (now >= turnEndsAt) socket.pause();
    const factor = data.length > USUAL_FRAME_BYTES ? LARGE_FRAME_FACTOR : 1;
    const waitMs = allowance.spend(data.length * factor + FRAME_OVERHEAD_BYTES);
    if (waitMs === 0 || earned !== undefined) return;
    telemetry.count('relay_throttled');
    socket.pause();
    earned = setTimeout(() => {
      earned = undefined;
      resume();
    }, waitMs);
  });
  socket.on('close', () => {
    clearTimeout(earned);
    clearImmediate(nextTurn);
  });
}
