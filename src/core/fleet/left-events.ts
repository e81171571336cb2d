import { unixSeconds, type Clock, type Schedule } from '../basics/clock.ts';
import type { EventRejection } from '../intake/event-report.ts';
import { readEvent } from '../intake/read-event.ts';
import type { SeenEvents } from '../intake/seen-events.ts';
import type { EventVerifier } from '../nostr/event-verifier.ts';
import type { NostrEvent } from '../nostr/nostr-event.ts';
import { deviceOf } from '../registry/push-target.ts';
import type { Registrations } from '../registry/registrations.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { KeyWake } from '../waking/key-wake.ts';
import type { Waker } from '../waking/waker.ts';
import { isTold, OwnerWatch, type WatchedCopy, type WatchedEvent } from './owner-watch.ts';
import type { ClaimReason, EventStanding, WakeShare } from './wake-share.ts';

/**
 * So many of the events that are looked at together are woken for in place of their owners; the others are looked at again. Many are looked
 * at together only where this server has fallen behind. Their owners may have, too, and must not make all servers do the same work.
 */
const MOST_OPEN = 32;
/** At a stop so many events are looked at together. */
const STOPPING_AT_ONCE = 256;

/** An event that is looked at, and the devices of other servers that it names (`deviceOf` their targets). */
interface NamedEvent {
  readonly watched: WatchedEvent;
  readonly devices: readonly string[];
}

/** An event that its owner has not acted on. */
interface OpenEvent extends NamedEvent {
  /** The devices that need it. */
  readonly open: ReadonlySet<string>;
}

export interface LeftEventsOptions {
  readonly share: Pick<WakeShare, 'doubts' | 'look' | 'lotOf' | 'owns'>;
  readonly registrations: Pick<Registrations, 'targetOf'>;
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
      onCrowded: (id, copy) => {
        const watched = { id, copies: [copy] };
        this.#act({ watched, devices: this.#devicesOf(watched) }, 'open').catch(onFault);
      },
    });
  }

  /** Events that are kept. */
  get size(): number {
    return this.#watch.size;
  }

  add(copy: WatchedCopy): void {
    this.#watch.add(copy.frame.id, copy);
  }

  /** Another server has claimed the event. @see WakeShareListener.onTold */
  told(half: string, lot: number): void {
    this.#watch.told(half, lot, this.#options.share.doubts);
  }

  /** The program stops. An event that no server has acted on goes to its owner now: the relays of the other servers may not have the event. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const left = this.#watch.clear();
    for (let from = 0; from < left.length; from += STOPPING_AT_ONCE)
      await this.#look(left.slice(from, from + STOPPING_AT_ONCE), true);
  }

  async #look(events: readonly WatchedEvent[], isLast: boolean): Promise<void> {
    const { share } = this.#options;
    const named: NamedEvent[] = [];
    for (const watched of events) {
      if (watched.doubts === share.doubts && isTold(watched)) this.#noteHandled(watched.id);
      else named.push({ watched, devices: this.#devicesOf(watched) });
    }
    if (named.length === 0) return;
    const standings = await share.look(
      named.flatMap(({ devices, watched: { id } }) => devices.map((device) => ({ event: id, device }))),
    );
    const open: OpenEvent[] = [];
    let at = 0;
    for (const event of named) {
      const { devices, watched } = event;
      const own = standings.slice(at, (at += devices.length));
      if (own.includes('unknown')) this.#onUnknown(event, isLast);
      // Without a device it is not known that anybody has acted on the event.
      else if (own.includes('open') || devices.length === 0)
        open.push({ watched, devices, open: openAmong(devices, own) });
      else this.#noteHandled(watched.id);
    }
    const now = isLast ? open : this.#someOf(open);
    await Promise.all(now.map((event) => this.#act(event, 'open', event.open)));
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
  #onUnknown(event: NamedEvent, isLast: boolean): void {
    const { onFault, share, waker } = this.#options;
    // The other servers most likely have the event, too.
    if (this.#isStopping) return;
    const isOurs = event.devices.some((device) => share.owns(waker.groupOf(device)));
    if (isLast || isOurs) this.#act(event, 'own').catch(onFault);
    else this.#watch.again(event.watched);
  }

  /** A server that has verified the event acts on it. */
  #noteHandled(id: string): void {
    const { onFault, seen } = this.#options;
    if (!seen.knows(id)) seen.commit(id).catch(onFault);
  }

  /** The devices of other servers to which the keys of the event point by now. */
  #devicesOf({ copies }: WatchedEvent): readonly string[] {
    const { registrations } = this.#options;
    const devices = new Set<string>();
    for (const { frame, own } of copies)
      for (const key of frame.recipients.keys) {
        const target = registrations.targetOf(key);
        const device = target && deviceOf(target);
        if (device !== undefined && !own.includes(device)) devices.add(device);
      }
    return [...devices];
  }

  /** Verifies the copies of an event that its owner has not acted on, and has the genuine one woken for. @param open the devices that need it; all if absent */
  async #act(
    { devices, watched: { copies } }: NamedEvent,
    reason: ClaimReason,
    open?: ReadonlySet<string>,
  ): Promise<void> {
    for (const copy of copies) {
      const wakes = await this.#wakesOf(copy);
      if (wakes === undefined) continue;
      // A device that was not looked for has got one of the keys meanwhile.
      const isDue = ({ device }: KeyWake): boolean =>
        !copy.own.includes(device) && (open?.has(device) !== false || !devices.includes(device));
      return this.#options.wake(copy.frame.id, wakes.filter(isDue), reason);
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

function openAmong(devices: readonly string[], standings: readonly EventStanding[]): ReadonlySet<string> {
  return new Set(devices.filter((_, n) => standings[n] === 'open'));
}
