import type { ClientHttp2Session } from 'node:http2';

import { SECOND_MS } from '../../core/basics/clock.ts';

/** A dead peer delays the requests under way by at most the sum of these, instead of the whole time of an attempt. */
const PULSE = { intervalMs: 5 * SECOND_MS, timeoutMs: 5 * SECOND_MS };

/**
 * Pings a session that has requests under way (RFC 9113, 6.7), and destroys it when a ping gets no answer. Without pings a dead peer
 * looks like a slow one. The requests under way fail; sent again, they may reach the peer twice.
 *
 * @param isBusy whether requests are under way; an idle session is not pinged
 */
export function watchPulse(session: ClientHttp2Session, isBusy: () => boolean, pulse = PULSE): void {
  let overdue: NodeJS.Timeout | undefined;
  const hear = (): void => {
    clearTimeout(overdue);
    overdue = undefined;
  };
  const timer = setInterval(() => {
    if (!isBusy() || session.closed || session.destroyed || session.connecting) return;
    overdue ??= setTimeout(() => session.destroy(new Error('no answer to a PING')), pulse.timeoutMs);
    session.ping((error) => {
      if (error === null) hear();
    });
  }, pulse.intervalMs);
  timer.unref();
  session.on('close', () => {
    clearInterval(timer);
    hear();
  });
}
