import type { WebSocket } from 'ws';

import type { RelayAccount } from '../core/relay-account.ts';
import { TokenBucket } from '../core/token-bucket.ts';
import type { Clock } from '../core/clock.ts';
import type { Telemetry } from '../core/telemetry.ts';
import { Turn } from './turn.ts';

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
/** Bytes that are accounted for together: asking the time of every small frame would cost as much as looking it up. */
const SPENT_AT_ONCE = 64 * 1024;

export interface ThrottleParts {
  /** What the relay has cost over all connections; it is read more slowly when its share of the processor is used up. */
  readonly account: RelayAccount;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

/**
 * Reads a relay no faster than it may send, and in turns, so that none can take all of the processor.
 *
 * @param receive gets every message
 */
export function throttle(
  socket: WebSocket,
  { account, clock, telemetry }: ThrottleParts,
  receive: (data: Buffer, isBinary: boolean) => void = () => undefined,
): void {
  const allowance = new TokenBucket({ ...BYTES, clock });
  let earned: NodeJS.Timeout | undefined;
  let unspent = 0;
  const resume = (): void => {
    if (earned === undefined) socket.resume();
  };
  const turn = new Turn(socket, resume);
  const spend = (data: Buffer): void => {
    turn.note();
    unspent += costOf(data);
    if (unspent < SPENT_AT_ONCE) return;
    const waitMs = allowance.spend(unspent);
    unspent = 0;
    if (waitMs > 0) rest(waitMs);
  };
  const rest = (waitMs: number): void => {
    if (earned !== undefined) return;
    telemetry.count('relay_throttled');
    socket.pause();
    earned = setTimeout(() => {
      earned = undefined;
      resume();
    }, waitMs);
  };
  account.onOverdrawn = rest;
  // One listener: an emitter copies its list of them for every message.
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    spend(data);
    receive(data, isBinary);
  });
  socket.on('close', () => {
    account.onOverdrawn = undefined;
    clearTimeout(earned);
    turn.end();
  });
}

/** In bytes. */
function costOf({ length }: Buffer): number {
  return length * (length > USUAL_FRAME_BYTES ? LARGE_FRAME_FACTOR : 1) + FRAME_OVERHEAD_BYTES;
}
