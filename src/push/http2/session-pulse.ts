import type { ClientHttp2Session } from 'node:http2';

import { SECOND_MS } from '../../core/basics/clock.ts';

/** A dead peer costs the wakes that are under way this long at the most, instead of the whole time of an attempt. */
const PULSE = { intervalMs: 5 * SECOND_MS, timeoutMs: 5 * SECOND_MS };

/**
 * Pings a session that has requests under way (RFC 9113, 6.7), and ends it when no answer comes: a peer that is gone without a
 * word looks like one that takes its time. Requests that were under way fail, and may be doubled when they are sent again.
 *
 * @param isBusy whether anything is under way; a quiet session is left alone
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
