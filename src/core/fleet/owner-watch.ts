import { SECOND_MS, type Clock, type Schedule } from '../basics/clock.ts';
import type { EventFrame } from '../intake/event-intake.ts';
import type { RelayAccount } from '../intake/relay-account.ts';

/** How long the owner of a device has for an event before the other servers look whether it has acted, in milliseconds. */
const PATIENCE_MS = SECOND_MS;
/** Events that are kept at once, and their bytes. Beyond either, the oldest is looked at early. */
const MOST_EVENTS = 10_000;
const MOST_BYTES = 32 * 1024 * 1024;
/** Copies of one event that differ. All but one are forged, and none has been verified. */
const MOST_COPIES = 4;
/** Events that are looked at together, in one turn of the event loop. */
const AT_ONCE = 256;
/** What an event takes in memory beside its message, in bytes. */
const EVENT_BYTES = 512;

/** A copy of an event for devices of other servers. It is parsed if the event is needed: most events are not. */
export interface WatchedCopy {
  readonly frame: EventFrame;
  /** The account of the relay that sent the event. */
  readonly account: RelayAccount;
  /** The lots of the devices of other servers that the event names (`WakeShare.lotOf`). */
  readonly lots: readonly number[];
  /** The devices of this server that it names, too: they are woken for in the usual way. */
  readonly own: readonly string[];
}

/** An event whose devices belong to other servers. Its copies may differ, and at most one of them is genuine. */
export interface WatchedEvent {
  /** Of the copy that came first. The first half is that of all copies. */
  readonly id: string;
  readonly copies: readonly WatchedCopy[];
  /** The lots of the devices for which another server has claimed the event, as it has told. */
  readonly told?: readonly number[] | undefined;
  /** How often the engine may have lost something before that (`WakeShare.doubts`). */
  readonly doubts?: number;
}

/** Whether other servers have claimed the event for all of its devices. */
export function isTold({ copies, told }: WatchedEvent): boolean {
  return told !== undefined && copies.every(({ lots }) => lots.every((lot) => told.includes(lot)));
}

export interface OwnerWatchOptions {
  readonly schedule: Schedule;
  readonly monotonic: Clock;
  /**
   * Looks whether the owners have acted. Called with each event once; {@link OwnerWatch.again} keeps it for longer.
   *
   * @param isLast there is no room to keep the events for longer
   */
  readonly look: (events: readonly WatchedEvent[], isLast: boolean) => void;
  /** There is no room for one more copy of the event: it has to be verified now. */
  readonly onCrowded: (id: string, copy: WatchedCopy) => void;
}

interface Kept extends WatchedEvent {
  readonly copies: WatchedCopy[];
  told: number[] | undefined;
  doubts: number;
  dueAt: number;
}

/** Events go by the first half of their id, as in the engine: 32 hex digits. */
const HALF_DIGITS = 32;

/**
 * Keeps the events of other servers' devices for a second, and then has them looked at. They are not verified: a forged copy that came
 * first must not hide a genuine one, so copies that differ are kept side by side.
 */
export class OwnerWatch {
  readonly #options: OwnerWatchOptions;
  /** By the first half of the id, in the order in which they are due. */
  readonly #events = new Map<string, Kept>();
  #bytes = 0;
  #cancel: (() => void) | undefined;

  constructor(options: OwnerWatchOptions) {
    this.#options = options;
  }

  /** Events that are kept. */
  get size(): number {
    return this.#events.size;
  }

  add(id: string, copy: WatchedCopy): void {
    const half = id.slice(0, HALF_DIGITS);
    const known = this.#events.get(half);
    if (known === undefined) this.#keep(half, { id, copies: [copy], told: undefined, doubts: 0, dueAt: 0 });
    else this.#addCopy(known, copy);
  }

  /** Another server has claimed the event. @param half the first half of the event's id @param lot that of the device @param doubts `WakeShare.doubts` */
  told(half: string, lot: number, doubts: number): void {
    const known = this.#events.get(half);
    if (known === undefined) return;
    if (known.told === undefined || known.doubts !== doubts) {
      known.told = [lot];
      known.doubts = doubts;
    } else known.told.push(lot);
  }

  /** It is unknown whether the owner has acted, or there was no time to act in its place: the event is looked at again later. */
  again({ copies, id }: WatchedEvent): void {
    const half = id.slice(0, HALF_DIGITS);
    const known = this.#events.get(half);
    if (known === undefined)
      this.#keep(half, { id, copies: [...copies], told: undefined, doubts: 0, dueAt: 0 });
    // A further copy has come while it was looked at, and may be a forged one.
    else for (const copy of copies) this.#addCopy(known, copy);
  }

  /** The program stops. @returns the events that were kept */
  clear(): readonly WatchedEvent[] {
    this.#cancel?.();
    this.#cancel = undefined;
    const kept = [...this.#events.values()];
    this.#events.clear();
    this.#bytes = 0;
    return kept;
  }

  #keep(half: string, event: Kept): void {
    event.dueAt = this.#options.monotonic() + PATIENCE_MS;
    this.#events.set(half, event);
    for (const copy of event.copies) this.#bytes += bytesOf(copy);
    while (this.#events.size > MOST_EVENTS || this.#bytes > MOST_BYTES) {
      const [oldest] = this.#events.values();
      if (oldest === undefined) return;
      this.#take(oldest);
      this.#options.look([oldest], true);
    }
    if (this.#cancel === undefined) this.#wait(PATIENCE_MS);
  }

  #addCopy(known: Kept, copy: WatchedCopy): void {
    const fingerprint = copy.frame.fingerprint();
    if (known.copies.some(({ frame }) => frame.fingerprint() === fingerprint)) return;
    if (known.copies.length === MOST_COPIES) return this.#options.onCrowded(known.id, copy);
    known.copies.push(copy);
    this.#bytes += bytesOf(copy);
  }

  #wait(ms: number): void {
    this.#cancel = this.#options.schedule(ms, () => this.#onTimer());
  }

  #onTimer(): void {
    this.#cancel = undefined;
    const now = this.#options.monotonic();
    const due: Kept[] = [];
    for (const event of this.#events.values()) {
      if (event.dueAt > now || due.length === AT_ONCE) {
        this.#wait(Math.max(0, event.dueAt - now));
        break;
      }
      due.push(event);
    }
    for (const event of due) this.#take(event);
    if (due.length > 0) this.#options.look(due, false);
  }

  #take(event: Kept): void {
    this.#events.delete(event.id.slice(0, HALF_DIGITS));
    for (const copy of event.copies) this.#bytes -= bytesOf(copy);
  }
}

function bytesOf({ frame }: WatchedCopy): number {
  return EVENT_BYTES + frame.size;
}
