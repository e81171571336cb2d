import { worstEnd, type WakeEnd } from '../lanes/wake.ts';
import type { PushTarget } from '../registry/push-target.ts';
import type { TradePubkey } from '../registry/trade-pubkey.ts';
import type { KeyWake } from './key-wake.ts';

/** A wake that a policy holds, and everyone who waits to hear how it ends. */
export interface HeldWake {
  readonly wake: KeyWake;
  readonly ends: ((end: Promise<WakeEnd>) => void)[];
}

/** Tells everyone who waits how the wake ends. */
export function endWith({ ends }: Pick<HeldWake, 'ends'>, end: Promise<WakeEnd>): void {
  for (const resolve of ends.splice(0)) resolve(end);
}

/** If a record keeps the wake over a restart, its events count as handled now. @returns whether a record keeps it */
export function oweHeld({ ends, wake }: HeldWake): boolean {
  const isOnRecord = wake.onOwed();
  if (isOnRecord) endWith({ ends }, Promise.resolve('owed'));
  return isOnRecord;
}

/**
 * A key of a held wake has moved to another device: a wake for that key goes there.
 *
 * @param request asks for the wake at the other device
 * @returns how the wake at the other device ends; and what is left to hold, if the wake is for other keys too
 */
export function moveHeld(
  { ends, wake }: HeldWake,
  key: TradePubkey,
  to: PushTarget,
  request: (wake: KeyWake) => Promise<WakeEnd>,
): { readonly moved: Promise<WakeEnd>; readonly left: HeldWake | undefined } {
  const own = wake.movedTo(to, [key]);
  own.wasHeld = true;
  const moved = request(own);
  if (!wake.leave([key])) {
    endWith({ ends }, moved);
    return { moved, left: undefined };
  }
  // It is unknown which event was for which key, so all of them wait for both wakes.
  const both = ends.map(
    (resolve) => (end: Promise<WakeEnd>) => resolve(Promise.all([end, moved]).then(worstEnd)),
  );
  return { moved, left: { wake, ends: both } };
}
