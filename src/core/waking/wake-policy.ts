import type { WakeEnd } from '../lanes/wake.ts';
import type { PushTarget } from '../registry/push-target.ts';
import type { TradePubkey } from '../registry/trade-pubkey.ts';
import type { DeviceWindow } from './device-window.ts';
import type { HeldWake } from './held-wake.ts';
import type { KeyWake } from './key-wake.ts';

/** Every wake passes through a policy on its way to its lane. The policy decides when the wake leaves (contract 9). */
export interface WakePolicy {
  /** Devices of which a wake is held, or would be held if it were asked for now. */
  readonly size: number;
  /** Wakes of the last hour that count against the allowances of their devices. */
  readonly counted: number;
  /** Whether this is certain of every device: events wake it ({@link heeds}), and it is woken alone ({@link groupOf}). */
  readonly areIndividual?: boolean;
  /** Whether an event wakes the device. If not, nothing that arrives for it needs a look. */
  heeds(device: string): boolean;
  /** The name of the devices that are always woken together with this one; the device's own if it is woken alone. */
  groupOf(device: string): string;
  /** @returns how the wake ends */
  request(wake: KeyWake): Promise<WakeEnd>;
  /** Takes a wake that is owed since an earlier run. Nothing waits for its end. */
  hold(wake: KeyWake): void;
  /**
   * Whether a wake is held that answers an event for this key in time.
   *
   * @param isVouched whether the event claims to be vouched
   */
  isHeld(device: string, key: TradePubkey, isVouched?: boolean): boolean;
  /** Whether a wake of the device is held that a vouched event would bring forward. */
  isHeldUnvouched(device: string): boolean;
  /**
   * The key has moved to another device. A wake that is held for the key moves there too, by the rules of that device.
   *
   * @returns how the wake at the other device ends; `undefined` if no wake is held for the key
   */
  move(key: TradePubkey, from: PushTarget, to: PushTarget): Promise<WakeEnd> | undefined;
  /** The device gets another policy: lets go of the wakes that are held for it. */
  release(device: string): readonly HeldWake[];
  /** What holds back the next wakes of the device, if this policy holds them back by time. */
  windowsOf?(device: string): readonly DeviceWindow[];
  /** The devices of which {@link windowsOf} tells something that began within the last so many milliseconds; others may be among them, and a device more than once. */
  running?(withinMs: number): Iterable<string>;
  /** Goes on with what held back the device's wakes at another server of the fleet. */
  continueWindows?(device: string, windows: readonly DeviceWindow[]): void;
  /**
   * The program stops: lets go of all that is held.
   *
   * @param withinMs how long a policy may wait for its time to come
   */
  flush(withinMs: number): Promise<void>;
}
