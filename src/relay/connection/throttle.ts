import type { Socket } from 'node:net';

import type { WebSocket } from 'ws';

import type { RelayAccount } from '../../core/intake/relay-account.ts';
import type { Clock } from '../../core/basics/clock.ts';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import { FrameFilter, HEAD_BYTES, type FrameFilterOptions } from '../wire/frame-filter.ts';
import { ReadingPace } from './reading-pace.ts';
import { Turn } from './turn.ts';

/** Relays keep events to this. What is larger may cost a whole JSON.parse, some 60 ms for 1 MiB. */
const USUAL_FRAME_BYTES = 64 * 1024;
/**
 * After so many times the time that a larger frame took, its relay is read again: a quarter of a second for such a JSON.parse. One of
 * the usual form takes no time to speak of, and anybody can publish it.
 */
const LARGE_FRAME_REST = 4;
/** What a frame costs beyond its bytes, in bytes: also one that is empty, a control frame or a fragment. */
const FRAME_OVERHEAD_BYTES = 128;
/** What the operating system and Node take for handing over some bytes, however few they are, in bytes. */
const CHUNK_OVERHEAD_BYTES = 1024;

export interface ThrottleOptions extends Omit<FrameFilterOptions, 'forward'> {
  readonly socket: WebSocket;
  /** The connection beneath the WebSocket, which has just opened. */
  readonly line: Socket;
  /** What the relay has cost over all connections; it is read more slowly when its share of the processor is used up. */
  readonly account: RelayAccount;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** Gets every message. */
  readonly receive: (data: Buffer, isBinary: boolean) => void;
}

/**
 * The one place where a relay pays for what it sends, and is paused when it has to wait. Every byte is accounted for where it comes
 * in, beneath the WebSocket library:
 * - its bytes and frames, to a {@link ReadingPace} of this connection;
 * - the time that is spent while it is read, to the relay's {@link RelayAccount}. A verification comes later, since the registrations
 *   are looked up first, and is charged to the same account where it is done;
 * - the time in a row, to a {@link Turn}.
 *
 * Misconduct, which ends the connection, is counted by `relay-conduct.ts`.
 */
export function throttle({
  account,
  clock,
  line,
  receive,
  socket,
  telemetry,
  ...options
}: ThrottleOptions): void {
  const pace = new ReadingPace(socket, { clock, telemetry });
  const turn = new Turn(socket, () => pace.resume());
  const read = libraryReader(line);
  const isOpen = (): boolean => socket.readyState === socket.OPEN;
  const filter = new FrameFilter({ ...options, forward: (bytes) => void (isOpen() && read(bytes)) });
  line.on('data', (chunk: Buffer) => {
    // What follows misconduct, or the relay's own farewell, is not looked at.
    if (!isOpen()) return;
    const begun = performance.now();
    turn.note(begun);
    const frames = filter.take(chunk);
    const ended = performance.now();
    account.spend(ended - begun);
    pace.spend(chunk.length + CHUNK_OVERHEAD_BYTES + frames * FRAME_OVERHEAD_BYTES);
    turn.note(ended);
  });
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    // It came in fragments, of which the filter does not know how many there will be.
    if (data.length > options.mostBytes) return options.onTooLong(data.subarray(0, HEAD_BYTES));
    if (!isOpen()) return;
    const begun = data.length > USUAL_FRAME_BYTES ? clock() : undefined;
    receive(data, isBinary);
    if (begun !== undefined) pace.owe(LARGE_FRAME_REST * (clock() - begun));
  });
  account.onOverdrawn = (waitMs) => pace.rest(waitMs);
  socket.on('close', () => {
    account.onOverdrawn = undefined;
    pace.end();
    turn.end();
  });
}

/** Takes the WebSocket library's place as the reader of the connection. @returns what the library does with some bytes of it */
function libraryReader(line: Socket): (bytes: Buffer) => void {
  const readers = line.listeners('data');
  const [reader] = readers;
  if (reader === undefined || readers.length > 1)
    throw new TypeError('the WebSocket library reads otherwise');
  line.removeListener('data', reader as (bytes: Buffer) => void);
  return (bytes) => void Reflect.apply(reader, line, [bytes]);
}
