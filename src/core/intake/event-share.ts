import type { WakeEnd } from '../lanes/wake.ts';
import type { KeyWake } from '../waking/key-wake.ts';
import type { EventFrame } from './event-intake.ts';
import type { RelayAccount } from './relay-account.ts';

/** An event for a registered key, as a relay sent it. It may be forged. */
export interface ArrivedEvent {
  readonly frame: EventFrame;
  /** The account of the relay that sent the event. */
  readonly account: RelayAccount;
}

/** Shares events with the other servers of a fleet (contract 10). A server that is alone has none. */
export interface EventShare {
  /** Whether the wakes that wait here will be sent from here, so that they answer events that come before that. */
  readonly mayAbsorb: boolean;
  /**
   * Leaves an event to the servers that own its devices, and looks after it, if this server owns none of them. Asked before the event is
   * parsed: in a fleet most events are for devices of other servers.
   *
   * @returns whether the event was left
   */
  leaves(arrived: ArrivedEvent): boolean;
  /** @returns the wakes that this server sends. The others are left to the servers that own their devices, and looked after */
  split(arrived: ArrivedEvent, wakes: readonly KeyWake[]): readonly KeyWake[];
  /** Whether the fleet has handled the event for all of these wakes, as far as is known without a claim. */
  isHandled(event: string, wakes: readonly KeyWake[]): Promise<boolean>;
  /** Claims the wakes of a verified event for this server. @returns those that this server, and no other, may send */
  claim(event: string, wakes: readonly KeyWake[]): Promise<readonly KeyWake[]>;
  /**
   * Asks for wakes that were claimed, and tells the fleet how each of them ends.
   *
   * @returns how the wakes ended: as the one that ended worst
   */
  follow(
    event: string,
    wakes: readonly KeyWake[],
    request: (wake: KeyWake) => Promise<WakeEnd>,
  ): Promise<WakeEnd>;
  /** A verified event needs no wake of its own, because `end` is that of a wake which answers it. Tells the fleet if that wake is not dropped. */
  absorb(event: string, wakes: readonly KeyWake[], end: Promise<WakeEnd>): void;
}
