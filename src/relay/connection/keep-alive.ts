import type { WebSocket } from 'ws';

import type { Clock } from '../../core/basics/clock.ts';
import type { RelayTiming } from './relay-timing.ts';

/** What may wait to be sent before pings are no longer answered: a peer that does not read must not fill our memory. */
const MAX_UNSENT_BYTES = 64 * 1024;

export interface KeepAliveOptions {
  readonly timing: Pick<RelayTiming, 'pingIntervalMs' | 'pongTimeoutMs'>;
  readonly clock: Clock;
  /** Given when the ping was sent that it answers, or an earlier one, in milliseconds. */
  readonly onPong: (pingedAt: number) => void;
}

/**
 * Ends a connection whose other side has gone without a word: a half-open socket looks like a quiet relay.
 *
 * @returns to be called when the relay has sent what is no message and shows that it is there
 */
export function keepAlive(socket: WebSocket, { clock, timing, onPong }: KeepAliveOptions): () => void {
  let pingedAt = clock();
  let overdue: NodeJS.Timeout | undefined;
  const hear = (): void => {
    clearTimeout(overdue);
    overdue = undefined;
  };
  const timer = setInterval(() => {
    if (overdue === undefined) pingedAt = clock();
    overdue ??= setTimeout(() => socket.terminate(), timing.pongTimeoutMs);
    socket.ping();
  }, timing.pingIntervalMs);
  socket.on('pong', () => {
    hear();
    onPong(pingedAt);
  });
  socket.on('message', () => {
    if (overdue !== undefined) hear();
  });
  socket.on('ping', (data) => {
    if (socket.readyState === socket.OPEN && socket.bufferedAmount < MAX_UNSENT_BYTES) socket.pong(data);
  });
  socket.on('close', () => {
    clearInterval(timer);
    clearTimeout(overdue);
  });
  return hear;
}
