import type { Socket } from 'node:net';

import type { WebSocket } from 'ws';

import type { RelayAccount } from '../../core/intake/relay-account.ts';
import type { Clock } from '../../core/basics/clock.ts';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import type { RelaySession } from '../live/relay-session.ts';
import { FrameFilter, HEAD_BYTES, type FrameFilterOptions } from '../wire/frame-filter.ts';
import { ReadingPace } from './reading-pace.ts';
import { Turn } from './turn.ts';

/** Relays keep events to this size. A larger message may need a whole `JSON.parse`, some 60 ms for 1 MiB. */
const USUAL_MESSAGE_BYTES = 64 * 1024;
/**
 * After a larger message, the relay pays this many times the time that the message took: a quarter of a second for such a `JSON.parse`. A
 * large event of the usual form takes nearly no time, which is fair, since anybody can publish one.
 */
const LARGE_MESSAGE_REST = 4;
/** The price of a frame beyond its bytes, in bytes. Empty frames, control frames and fragments cost it too. */
const FRAME_OVERHEAD_BYTES = 128;
/** The price of one read from the operating system, however few bytes it brings, in bytes. */
const CHUNK_OVERHEAD_BYTES = 1024;

export interface ThrottleOptions extends Omit<FrameFilterOptions, 'forward'> {
  readonly socket: WebSocket;
  /** The TCP or TLS connection beneath the WebSocket, which has just opened. */
  readonly line: Socket;
  /** What the relay has cost over all connections. When its share of the processor is used up, it is read more slowly. */
  readonly account: RelayAccount;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** A pause of this length is reported, in milliseconds. */
  readonly standstillMs: number;
  /** The relay was not read for so long. It may have dropped events meanwhile. */
  readonly onStandstill: () => void;
  /** Gets every message. */
  readonly session: Pick<RelaySession, 'receive'>;
}

/**
 * Makes a relay pay for what it sends, and pauses it when it has to wait. This is done beneath the WebSocket library, where the bytes
 * come in:
 * - The bytes and frames are charged to a {@link ReadingPace} of this connection.
 * - The time for reading them is charged to the relay's {@link RelayAccount}. A verification is charged to the same account later, when it
 *   is done.
 * - A {@link Turn} bounds the time in a row.
 *
 * Misconduct, which ends the connection, is counted by `relay-conduct.ts`.
 */
export function throttle({
  account,
  clock,
  line,
  session,
  socket,
  telemetry,
  standstillMs,
  onStandstill,
  mostBytes,
  longestBytes,
  onChatter,
  onTooLong,
}: ThrottleOptions): void {
  const pace = new ReadingPace(socket, { clock, telemetry, standstillMs, onStandstill });
  const turn = new Turn(socket, () => pace.resume());
  const read = libraryReader(line);
  const isOpen = (): boolean => socket.readyState === socket.OPEN;
  const filter = new FrameFilter({
    mostBytes,
    longestBytes,
    onChatter,
    onTooLong,
    forward: (bytes) => void (isOpen() && read(bytes)),
  });
  line.on('data', (chunk: Buffer) => {
    // Bytes after misconduct, or after the relay's own close, are not read.
    if (!isOpen()) return;
    const begun = performance.now();
    turn.note(begun);
    const frames = filter.take(chunk);
    const ended = performance.now();
    account.spend(ended - begun);
    pace.spend(chunk.length + CHUNK_OVERHEAD_BYTES + frames * FRAME_OVERHEAD_BYTES);
    turn.note(ended);
  });
  socket.on('message', (bytes: Buffer, isBinary: boolean) => {
    // Too long all the same: it came in fragments, and the filter cannot know their sum.
    if (bytes.length > mostBytes) return onTooLong(bytes.subarray(0, HEAD_BYTES));
    if (!isOpen()) return;
    const begun = bytes.length > USUAL_MESSAGE_BYTES ? clock() : undefined;
    session.receive(bytes, isBinary);
    if (begun !== undefined) pace.owe(LARGE_MESSAGE_REST * (clock() - begun));
  });
  account.onOverdrawn = (waitMs) => pace.rest(waitMs);
  socket.on('close', () => {
    account.onOverdrawn = undefined;
    pace.end();
    turn.end();
  });
}

/** Takes the place of the WebSocket library as the reader of the connection. @returns a function that gives bytes to the library */
function libraryReader(line: Socket): (bytes: Buffer) => void {
  const readers = line.listeners('data');
  const [reader] = readers;
  if (reader === undefined || readers.length > 1)
    throw new TypeError('the WebSocket library reads otherwise');
  line.removeListener('data', reader as (bytes: Buffer) => void);
  return (bytes) => void Reflect.apply(reader, line, [bytes]);
}
