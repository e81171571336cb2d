import { unixSeconds, type Clock, type Schedule } from '../basics/clock.ts';
import type { EventRejection } from '../intake/event-report.ts';
import { readEvent } from '../intake/read-event.ts';
import type { SeenEvents } from '../intake/seen-events.ts';
import type { EventVerifier } from '../nostr/event-verifier.ts';
import type { NostrEvent } from '../nostr/nostr-event.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { KeyWake } from '../waking/key-wake.ts';
import type { Waker } from '../waking/waker.ts';
import { OwnerWatch, type WatchedCopy, type WatchedEvent } from './owner-watch.ts';
import type { ClaimReason, EventStanding, WakeShare } from './wake-share.ts';

/**
 * So many of the events that are looked at together are woken for in place of their owners; the others are looked at again. Many are looked
 * at together only where this server has fallen behind. Their owners may have, too, and must not make all servers do the same work.
 */
const MOST_OPEN = 32;
/** At a stop so many events are looked at together. */
const STOPPING_AT_ONCE = 256;

/** An event that its owner has not acted on. */
interface OpenEvent {
  readonly watched: WatchedEvent;
  /** The devices that need it. */
  readonly devices: ReadonlySet<string>;
}

export interface LeftEventsOptions {
  readonly share: Pick<WakeShare, 'look' | 'owns'>;
  readonly waker: Pick<Waker, 'groupOf' | 'wakesFor'>;
  readonly seen: SeenEvents;
  readonly verifier: EventVerifier;
  /** `EventAdmission.whyUnwanted` */
  readonly whyUnwanted: (event: NostrEvent) => Promise<EventRejection>;
  /** Has the wakes of a verified event claimed and sent. */
  readonly wake: (event: string, wakes: readonly KeyWake[], reason: ClaimReason) => Promise<void>;
  readonly schedule: Schedule;
  readonly monotonic: Clock;
  /** The time of day. */
  readonly clock: Clock;
  /** Whether the time of day is trusted. */
  readonly mayExpire: () => boolean;
  readonly telemetry: Telemetry;
  readonly onFault: (fault: unknown) => void;
}

/**
 * The events that were left to the servers that own their devices. A second later this server looks whether they have acted. If not, it
 * verifies the event and wakes, or has the owner wake: the owner may have no connection to the relay.
 */
export class LeftEvents {
  readonly #options: LeftEventsOptions;
  readonly #watch: OwnerWatch;
  #isStopping = false;

  constructor(options: LeftEventsOptions) {
    this.#options = options;
    const { monotonic, onFault, schedule } = options;
    this.#watch = new OwnerWatch({
      schedule,
      monotonic,
      look: (events, isLast) => void this.#look(events, isLast).catch(onFault),
      onCrowded: (id, copy) => void this.#act({ id, copies: [copy] }, 'open').catch(onFault),
    });
  }

  /** Events that are kept. */
  get size(): number {
    return this.#watch.size;
  }

  add(copy: WatchedCopy): void {
    this.#watch.add(copy.frame.id, copy);
  }

  /** The program stops. An event that no server has acted on goes to its owner now: the relays of the other servers may not have the event. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const left = this.#watch.clear();
    for (let from = 0; from < left.length; from += STOPPING_AT_ONCE)
      await this.#look(left.slice(from, from + STOPPING_AT_ONCE), true);
  }

  async #look(events: readonly WatchedEvent[], isLast: boolean): Promise<void> {
    const asked = events.flatMap(({ copies, id }) =>
      devicesOf(copies).map((device) => ({ event: id, device })),
    );
    const standings = await this.#options.share.look(asked);
    const open: OpenEvent[] = [];
    let at = 0;
    for (const watched of events) {
      const from = at;
      while (asked[at]?.event === watched.id) at++;
      const own = standings.slice(from, at);
      if (own.includes('unknown')) this.#onUnknown(watched, isLast);
      else if (own.includes('open')) open.push({ watched, devices: openDevices(asked.slice(from, at), own) });
      else await this.#noteHandled(watched.id);
    }
    const now = isLast ? open : this.#someOf(open);
    await Promise.all(now.map(({ devices, watched }) => this.#act(watched, 'open', devices)));
  }

  /** Has the others looked at again. */
  #someOf(open: readonly OpenEvent[]): readonly OpenEvent[] {
    // Not the same ones at each server.
    const first = Math.floor(Math.random() * open.length);
    const turned = [...open.slice(first), ...open.slice(0, first)];
    for (const { watched } of turned.slice(MOST_OPEN)) this.#watch.again(watched);
    return turned.slice(0, MOST_OPEN);
  }

  /**
   * The engine does not answer. The group may be ours by now, because its owner has been silent for too long. An event that cannot be
   * kept is woken for here: one wake too many is better than none.
   */
  #onUnknown(watched: WatchedEvent, isLast: boolean): void {
    const { onFault, share, waker } = this.#options;
    // The other servers most likely have the event, too.
    if (this.#isStopping) return;
    const isOurs = devicesOf(watched.copies).some((device) => share.owns(waker.groupOf(device)));
    if (isLast || isOurs) this.#act(watched, 'own').catch(onFault);
    else this.#watch.again(watched);
  }

  /** A server that has verified the event acts on it. */
  async #noteHandled(id: string): Promise<void> {
    const { seen } = this.#options;
    if ((await seen.reserve(id)) === 'new') await seen.commit(id);
  }

  /** Verifies the copies of an event that its owner has not acted on, and has the genuine one woken for. @param open the devices that need it; all if absent */
  async #act({ copies, id }: WatchedEvent, reason: ClaimReason, open?: ReadonlySet<string>): Promise<void> {
    for (const copy of copies) {
      const wakes = await this.#wakesOf(copy);
      if (wakes === undefined) continue;
      const { devices, own } = copy;
      // A device that is not among those of the copy has got one of the keys meanwhile.
      const isDue = ({ device }: KeyWake): boolean =>
        !own.includes(device) && (open?.has(device) !== false || !devices.includes(device));
      return this.#options.wake(id, wakes.filter(isDue), reason);
    }
  }

  /** @returns the wakes that the copy asks for; `undefined` if it is not genuine, or asks for none */
  async #wakesOf({ account, frame }: WatchedCopy): Promise<readonly KeyWake[] | undefined> {
    const { clock, mayExpire, telemetry, verifier, waker, whyUnwanted } = this.#options;
    const event = readEvent(frame, mayExpire() ? unixSeconds(clock) : undefined);
    const wakes = typeof event === 'string' ? [] : await waker.wakesFor(event, 'live');
    if (typeof event === 'string' || wakes.length === 0) {
      const reason = typeof event === 'string' ? event : await whyUnwanted(event);
      telemetry.count('events_rejected', { reason });
      return undefined;
    }
    telemetry.count('events_verified');
    const authenticity = account.charge(() => verifier.verify(event));
    if (authenticity === 'genuine') return wakes;
    telemetry.count('events_rejected', { reason: authenticity });
    if (authenticity === 'forged')
      account.forgeries.charge(
        wakes.flatMap(({ keys }) => keys),
        frame,
      );
    return undefined;
  }
}

function devicesOf([first, ...others]: readonly WatchedCopy[]): readonly string[] {
  if (others.length === 0) return first?.devices ?? [];
  return [...new Set([first, ...others].flatMap((copy) => copy?.devices ?? []))];
}

function openDevices(
  asked: readonly { readonly device: string }[],
  standings: readonly EventStanding[],
): ReadonlySet<string> {
  return new Set(asked.flatMap(({ device }, n) => (standings[n] === 'open' ? [device] : [])));
}
