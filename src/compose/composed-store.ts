import type { CohortRecord } from '../core/cohorts/cohort-record.ts';
import type { OwedDevices, OwedWake } from '../core/waking/owed-devices.ts';
import type { ProofsOfLife } from '../core/intake/proofs-of-life.ts';
import type { RegistrationStore } from '../core/registry/registration-store.ts';
import type { SeenEvents } from '../core/intake/seen-events.ts';
import type { EngineSigns } from '../core/watch/find-alarms.ts';
import type { UsedEvents } from '../core/registry/used-events.ts';
import type { Engine, StreamEntry, StreamPlace } from '../fleet/engine/engine.ts';
import type { FleetNames } from '../fleet/engine/names.ts';
import type { ValueSealer } from '../fleet/engine/value-sealer.ts';

/** The registrations and all else that the program keeps, and the places where they are kept. */
export interface ComposedStore {
  readonly registrations: RegistrationStore;
  readonly seen: SeenEvents & { readonly size: number };
  readonly owed: OwedDevices | undefined;
  /** Who is woken with whom; absent with `STORE=memory`. */
  readonly cohorts: CohortRecord | undefined;
  readonly proofs: ProofsOfLife | undefined;
  readonly used: UsedEvents;
  /**
   * Looks for the place where the store is kept.
   *
   * @returns whether {@link open} can begin; if not, it will wait until it can @throws StoreOpenError
   */
  readonly reach: () => Promise<boolean>;
  /** Reads the files of an earlier run. @returns the wakes that are owed since then @throws StoreOpenError */
  readonly open: () => Promise<readonly OwedWake[]>;
  readonly close: () => Promise<void>;
  /** Whether registrations can be kept at this moment. */
  readonly isOpen: () => boolean;
  /** Absent without an engine. */
  readonly engineSigns?: () => EngineSigns;
  /** The size of the store's file in bytes; 0 without a file. */
  readonly size: () => number;
  /** What the servers of a fleet share; absent unless `STORE=redis`. */
  readonly link: FleetLink | undefined;
}

/** Reads streams of the engine as they grow. */
export interface StreamReader {
  /** Where the streams are to be read on. */
  readonly streams: () => readonly StreamPlace[];
  /** Gets entries of any reader's streams. @param key as latin1 */
  readonly onEntries: (key: string, entries: readonly StreamEntry[]) => void | Promise<void>;
}

/** What everything needs that the servers of a fleet share by the engine. */
export interface FleetLink {
  readonly engine: Engine;
  readonly names: FleetNames;
  readonly values: ValueSealer;
  /** Whether memory has every registration of the engine. It may not for a moment after an outage. */
  readonly isCurrent: () => boolean;
  /** Reads further streams, too. */
  readonly follow: (reader: StreamReader) => void;
  /** Counts keys that a stranger has replaced. */
  readonly onForeign: (count: number) => void;
}
