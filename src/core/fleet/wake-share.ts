import type { TradePubkey } from '../registry/trade-pubkey.ts';
import type { WakeKind } from '../lanes/delivery.ts';
import type { WakeEnd } from '../lanes/wake.ts';
import type { DeviceWindow } from '../waking/device-window.ts';
import type { OwedWake } from '../waking/owed-devices.ts';

/** A wake as the servers of a fleet speak of it. Every server has all registrations, so keys are enough to find the device. */
export interface SharedWake {
  /** `deviceOf` its target. */
  readonly device: string;
  /** The name of the devices that are always woken together (`WakePolicy.groupOf`); the device's own if it is woken alone. */
  readonly group: string;
  readonly keys: readonly TradePubkey[];
  readonly kind: WakeKind;
  readonly isVouched: boolean;
}

/**
 * Why a server asks for a claim.
 * - `own`: the server owns the group and got the event itself.
 * - `open`: no server has acted on the event. The claim is handed to the owner, or stays here if this server is the owner.
 * - `handed`: another server has handed the event to this one, or this one has adopted it.
 */
export type ClaimReason = 'own' | 'open' | 'handed';

/**
 * What became of a claim.
 * - `won`: this server, and no other, wakes the group for the event. It must call `end`.
 * - `taken`: another server that lives has claimed it.
 * - `done`: the event has woken the device, or the device is owed a wake for it.
 * - `handed`: the claim is in the inbox of the server whose group it is.
 */
export interface Claim {
  readonly outcome: 'won' | 'taken' | 'done' | 'handed';
  /** For `won`: what runs for the group since its last wake, which another server may have sent. */
  readonly windows: readonly DeviceWindow[];
}

/** An event, by its id, and a device that it asks to wake (`deviceOf` its target). */
export interface EventOfDevice {
  readonly event: string;
  readonly device: string;
}

/** What the fleet knows of an event for a device. `unknown`: the engine does not answer. */
export type EventStanding = 'open' | 'taken' | 'done' | 'unknown';

/**
 * Shares wakes among the servers of a fleet (contract 10). Nothing here throws or rejects because the engine is unavailable: then a server
 * acts on what it knows, and the engine is told later.
 */
export interface WakeShare {
  /**
   * Whether all that this server has claimed is certainly its own still. It is not certain while the engine is down, and after this process
   * stood still: others may have taken over, and then wakes that wait here are not sent.
   */
  readonly isCertain: boolean;
  /** How often the engine may have lost something. What another server has told before that may not hold any more. */
  readonly doubts: number;
  /** Whether this server sends the wakes of the group. */
  owns(group: string): boolean;
  /** The lot of a group or a device: a number. That of a group decides which server sends its wakes. Every server draws the same. */
  lotOf(name: string): number;
  /** Whether this server sends the wakes of the groups with this lot. Synchronous and cheap: it is asked for each matched event. */
  ownsLot(lot: number): boolean;
  /**
   * Claims the wakes of one verified event, each of them atomically.
   *
   * @param event the event's id, 64 hex digits; for a wake that answers no event, a name that no event has
   * @returns a claim for each wake, in their order. Without the engine, each is `won`
   */
  claim(event: string, wakes: readonly SharedWake[], reason: ClaimReason): Promise<readonly Claim[]>;
  /** A claim that was won has ended. After `dropped`, a further copy of the event may be claimed anew. */
  end(event: string, wake: SharedWake, how: WakeEnd): void;
  /** What runs for the group has changed while something is open for it: it is left anew for the next owner. */
  leaveWindows(group: string): void;
  /** How events stand, in their order. */
  look(asked: readonly EventOfDevice[]): Promise<readonly EventStanding[]>;
  /**
   * Whether a wake of the device that has waited may still be sent from here. It may not after this process was frozen for so long that
   * others have taken over. Then its claims are asked for anew.
   */
  mayStillSend(device: string): boolean | Promise<boolean>;
  /** Tells all servers that a lane pauses. @param lane the name of its push server @param ms for how long from now on */
  pause(lane: string, ms: number): void;
}

/** What the other servers bring about here. */
export interface WakeShareListener {
  /** A wake that another server has handed to this one, or that this one has adopted from a dead server. @param event as in `claim` */
  onHanded(event: string, wake: SharedWake): Promise<void>;
  /**
   * A device that a dead server owed a wake; this server owes it from now on. With `Waker.payOwed` the wake is sent.
   *
   * @param windows what runs for the device since its last wake
   */
  onOwed(wake: OwedWake, windows: readonly DeviceWindow[]): void;
  onPaused(lane: string, ms: number): void;
  /**
   * Another server has claimed an event. It has verified the event, and acts on it.
   *
   * @param half the first half of the event's id: 32 hex digits @param lot that of the device for which it was claimed
   */
  onTold(half: string, lot: number): void;
  /** What runs for a group of this server since its last wake: asked when a claim ends, and left for the next owner. */
  windowsOf(group: string): readonly DeviceWindow[];
  /** The groups of which something runs that began within the last so many milliseconds: asked when the engine may have forgotten it. */
  running(withinMs: number): Iterable<string>;
  /** Servers have come or gone, so that groups may have other owners. */
  onMembership(): void;
}
