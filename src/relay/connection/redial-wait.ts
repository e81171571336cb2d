import { SECOND_MS } from '../../core/basics/clock.ts';

/** How often it is looked whether another relay is connected, in milliseconds. */
const LOOK_MS = SECOND_MS;

export interface RedialWait {
  /** The wait while another relay is connected, in milliseconds. */
  readonly waitMs: number;
  /** The longest wait while none is, in milliseconds. */
  readonly aloneMs: number;
  /** The relay has asked for at least this wait, in milliseconds. */
  readonly askedMs: number;
  /** Whether another relay is connected at this moment. */
  readonly isAnotherConnected: () => boolean;
}

/** How long a relay is waited for as things are at this moment, in milliseconds. While no relay at all is connected, no device is woken. */
export function presentWaitMs({ aloneMs, askedMs, isAnotherConnected, waitMs }: RedialWait): number {
  return Math.max(askedMs, isAnotherConnected() ? waitMs : Math.min(waitMs, aloneMs));
}

/** Waits before a dial. The wait becomes shorter if the last of the other relays is lost meanwhile. Ends at once if the signal aborts. */
export async function waitToRedial(wait: RedialWait, signal: AbortSignal): Promise<void> {
  let waitedMs = 0;
  for (;;) {
    const restMs = presentWaitMs(wait) - waitedMs;
    if (restMs <= 0 || signal.aborted) return;
    // In short steps, counted and not measured: the other relays may be lost at any moment.
    const stepMs = Math.min(restMs, LOOK_MS);
    await passing(stepMs, signal);
    waitedMs += stepMs;
  }
}

async function passing(ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end, { once: true });
  });
}
