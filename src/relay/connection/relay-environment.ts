import type { Clock } from '../../core/basics/clock.ts';
import type { EventIntake } from '../../core/intake/event-intake.ts';
import type { ProofsOfLife } from '../../core/intake/proofs-of-life.ts';
import type { EventSigner } from '../../core/nostr/event-signer.ts';
import type { WakingKind } from '../../core/nostr/nostr-event.ts';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import type { WayOut } from '../../net/way-out.ts';
import type { RelayListIntake } from '../live/relay-list-subscription.ts';
import type { DiscoveryGuard } from './discovery-guard.ts';
import type { RelayTiming } from './relay-timing.ts';

/** What is the same for all relays. */
export interface RelayEnvironment {
  /** The kinds that are subscribed to. */
  readonly kinds: readonly WakingKind[];
  /** Where events go. */
  readonly intake: EventIntake;
  /** Where relay lists go; absent without `MOSTRO_RELAY_DISCOVERY`. */
  readonly relayLists: RelayListIntake | undefined;
  /** Signs the answers to challenges (NIP-42). */
  readonly signer: EventSigner;
  /** The `User-Agent` of every request. */
  readonly userAgent: string;
  readonly telemetry: Telemetry;
  readonly timing: RelayTiming;
  /** The time of day. */
  readonly clock: Clock;
  /** Whether `clock` is trusted. Only then may it bound how far back a relay is asked. */
  readonly mayExpire: () => boolean;
  /** Measures waits, in milliseconds. */
  readonly monotonic: Clock;
  /** What a restart remembers of the relays; absent if nothing is stored. */
  readonly proofs: ProofsOfLife | undefined;
  /** Which relays may be dialled that a Mostro instance names, and how their names are resolved; absent: all of them, as usual. */
  readonly guard: DiscoveryGuard | undefined;
  /** How relays are reached. */
  readonly wayOut: WayOut;
  /** Called with the `Date` header of a relay's answers, which may show that our clock is wrong. */
  readonly onDate: (relay: string, date: unknown) => void;
}
