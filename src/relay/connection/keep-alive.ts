import type { WebSocket } from 'ws';

import type { Clock } from '../../core/basics/clock.ts';
import type { RelayTiming } from './relay-timing.ts';

/** If more bytes than this wait to be sent, pings are not answered: a relay that does not read must not fill our memory. */
const MAX_UNSENT_BYTES = 64 * 1024;

export interface KeepAliveOptions {
  readonly timing: Pick<RelayTiming, 'pingIntervalMs' | 'pongTimeoutMs'>;
  readonly clock: Clock;
  /** @param pingedAt when the answered ping was sent, or an earlier one, in milliseconds */
  readonly onPong: (pingedAt: number) => void;
}

/**
 * Pings the relay, and ends the connection if the relay does not answer. Without pings, a relay that has vanished looks like a quiet one.
 *
 * @returns a function to call when other bytes show that the relay is there
 */
export function keepAlive(socket: WebSocket, { clock, timing, onPong }: KeepAliveOptions): () => void {
  let pingedAt = clock();
  let overdue: NodeJS.Timeout | undefined;
  const isThere = (): void => {
    clearTimeout(overdue);
    overdue = undefined;
  };
  const timer = setInterval(() => {
    if (overdue === undefined) pingedAt = clock();
    overdue ??= setTimeout(() => socket.terminate(), timing.pongTimeoutMs);
    socket.ping();
  }, timing.pingIntervalMs);
  socket.on('pong', () => {
    isThere();
    onPong(pingedAt);
  });
  socket.on('message', () => {
    if (overdue !== undefined) isThere();
  });
  socket.on('ping', (data) => {
    if (socket.readyState === socket.OPEN && socket.bufferedAmount < MAX_UNSENT_BYTES) socket.pong(data);
  });
  socket.on('close', () => {
    clearInterval(timer);
    clearTimeout(overdue);
  });
  return isThere;
}
