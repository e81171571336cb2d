import type { HeldWake } from './held-wake.ts';
import type { KeyWake } from './key-wake.ts';

/** What a wake is for: vouched events, all other events, or chat announcements. Each track of a device has its own WINDOW and COOLDOWN. */
export type WakeTrack = 'vouched' | 'unvouched' | 'chat';

export const TRACKS = ['vouched', 'unvouched', 'chat'] as const satisfies readonly WakeTrack[];

/** When a wake of a track is sent, the wakes that are held on these tracks are sent with it. */
export const TAKES_ALONG: Readonly<Record<WakeTrack, readonly WakeTrack[]>> = {
  vouched: ['unvouched', 'chat'],
  unvouched: ['chat'],
  chat: [],
};

export type Phase = 'window' | 'cooldown' | 'rationed';

/** One track of a device that was woken not long ago (contract 5: WINDOW, COOLDOWN), or that has used up its allowance of the hour. */
export interface Active {
  readonly device: string;
  readonly track: WakeTrack;
  phase: Phase;
  /** The wake for the events since the last wake. It goes at the end of the phase. */
  held: HeldWake | undefined;
  /** The end of a phase that began at another server of the fleet. */
  resumed?: { readonly endsAt: number; readonly cancel: () => void } | undefined;
}

export function trackOf({ isVouched, kind }: KeyWake): WakeTrack {
  if (kind === 'chat_wake') return 'chat';
  return isVouched ? 'vouched' : 'unvouched';
}

/** Holds a wake until the end of the phase. */
export function add(active: Active, wake: KeyWake, ends: HeldWake['ends']): HeldWake {
  const { held } = active;
  if (held === undefined) {
    wake.wasHeld = true;
    return (active.held = { wake, ends });
  }
  held.wake.absorb(wake);
  held.ends.push(...ends);
  return held;
}

/** Takes the held wakes out. */
export function take(active: Active): HeldWake {
  const { held } = active;
  if (held === undefined) throw new Error('nothing is held');
  active.held = undefined;
  return held;
}
