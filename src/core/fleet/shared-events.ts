import type { Clock, Schedule } from '../basics/clock.ts';
import type { ArrivedEvent, EventShare } from '../intake/event-share.ts';
import type { SeenEvents } from '../intake/seen-events.ts';
import { worstEnd, type WakeEnd } from '../lanes/wake.ts';
import type { EventVerifier } from '../nostr/event-verifier.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { KeyWake } from '../waking/key-wake.ts';
import type { Waker } from '../waking/waker.ts';
import { OwnerWatch, type WatchedCopy, type WatchedEvent } from './owner-watch.ts';
import type { ClaimReason, SharedWake, WakeShare } from './wake-share.ts';

/** The most events that recoveries have absorbed and whose wakes are not sent yet. Beyond it the fleet is not told of an absorbed event. */
const MOST_ABSORBED = 100_000;
/** Wakes for one device that are handed to this server within this time are one wake: a server that dies leaves many at once. */
const GATHER_MS = 100;
/** How often a key that another server knew is looked up again here, and after what time each. A registration is known everywhere within a second. */
const LOOK_UPS = 6;
const LOOK_UP_MS = 500;

export interface SharedEventsOptions {
  readonly share: WakeShare;
  readonly waker: Pick<Waker, 'continueWindows' | 'groupOf' | 'request' | 'wakesOfKeys'>;
  readonly seen: SeenEvents;
  readonly verifier: EventVerifier;
  /** A name that no event has, 64 random hex digits: a wake that answers no event is claimed under it. */
  readonly newId: () => string;
  /** Whether a wake that was sent later has answered the event here, although its id is not marked as seen. */
  readonly wasAbsorbed: (event: string) => boolean;
  readonly schedule: Schedule;
  readonly monotonic: Clock;
  readonly telemetry: Telemetry;
  readonly onFault: (fault: unknown) => void;
}

/**
 * Shares events with the other servers of a fleet (contract 10). Each device has an owner. The owner verifies the events of the device,
 * claims them and wakes. Every other server that gets an event waits a second and then looks whether the owner has acted. If not, that
 * server verifies the event and hands it to the owner: the owner may have no connection to the relay.
 *
 * An event is claimed only after it was verified, so a forged copy suppresses nothing, whichever server it comes to.
 */
export class SharedEvents implements EventShare {
  readonly #options: SharedEventsOptions;
  readonly #watch: OwnerWatch;
  #absorbed = 0;
  #isStopping = false;
  /** By device, the wake that was handed to this server a moment ago, and how it ends. */
  readonly #handed = new Map<string, { readonly wake: KeyWake; readonly end: Promise<WakeEnd> }>();

  constructor(options: SharedEventsOptions) {
    this.#options = options;
    const { monotonic, onFault, schedule } = options;
    this.#watch = new OwnerWatch({
      schedule,
      monotonic,
      look: (event, isLast) => void this.#look(event, isLast).catch(onFault),
      onCrowded: (id, copy) => void this.#act(id, [copy], 'open').catch(onFault),
    });
  }

  /** Events of other servers' devices that are kept for now. */
  get watched(): number {
    return this.#watch.size;
  }

  get mayAbsorb(): boolean {
    return this.#options.share.isCertain;
  }

  split({ account, event, frame }: ArrivedEvent, wakes: readonly KeyWake[]): readonly KeyWake[] {
    const { share, waker } = this.#options;
    const ours = wakes.filter(({ device }) => share.owns(waker.groupOf(device)));
    if (ours.length === wakes.length) return wakes;
    const others = wakes.filter((wake) => !ours.includes(wake)).map((wake) => this.#shared(wake));
    const contentLength = event.written?.content.length ?? event.content.length;
    this.#watch.add(event.id, { account, frame, wakes: others }, contentLength);
    return ours;
  }

  async isHandled(event: string, wakes: readonly KeyWake[]): Promise<boolean> {
    const standings = await this.#options.share.look(
      event,
      wakes.map(({ device }) => device),
    );
    return standings.every((standing) => standing === 'done' || standing === 'taken');
  }

  async claim(event: string, wakes: readonly KeyWake[]): Promise<readonly KeyWake[]> {
    return this.#claim(event, wakes, 'own');
  }

  follow(
    event: string,
    wakes: readonly KeyWake[],
    request: (wake: KeyWake) => Promise<WakeEnd>,
  ): Promise<WakeEnd> {
    const ends = wakes.map((wake) => {
      // Once the wake is asked for it may absorb others.
      const shared = this.#shared(wake);
      const end = request(wake);
      end.then(
        (how) => this.#end(event, shared, how),
        () => this.#end(event, shared, 'dropped'),
      );
      return end;
    });
    return ends.length === 1 ? (ends[0] as Promise<WakeEnd>) : Promise.all(ends).then(worstEnd);
  }

  absorb(event: string, wakes: readonly KeyWake[], end: Promise<WakeEnd>): void {
    if (this.#absorbed === MOST_ABSORBED) return;
    this.#absorbed++;
    const shared = wakes.map((wake) => this.#shared(wake));
    end
      .then((how) => (how === 'dropped' ? undefined : this.#markDone(event, shared, 'own')))
      .finally(() => this.#absorbed--)
      .catch(this.#options.onFault);
  }

  /** Whether this server owns the wake's device. */
  owns({ device }: KeyWake): boolean {
    return this.#options.share.owns(this.#options.waker.groupOf(device));
  }

  /** Whether this server, and no other, wakes the group of the wake now. */
  async isOurs(wake: KeyWake): Promise<boolean> {
    if (!this.owns(wake)) return false;
    const id = this.#options.newId();
    const [claimed] = await this.#claim(id, [wake], 'open');
    if (claimed !== undefined) this.#options.share.end(id, this.#shared(claimed), 'dropped');
    return claimed !== undefined;
  }

  /**
   * Has a wake that answers no event here sent by the server that owns its device: a chat wake, or one whose keys have moved to another
   * device. It is claimed as an event is, so that it is lost with no server.
   *
   * @param request asks for the wake here
   */
  async sendAtOwner(wake: KeyWake, request: (wake: KeyWake) => Promise<WakeEnd>): Promise<WakeEnd> {
    const id = this.#options.newId();
    const claimed = await this.#claim(id, [wake], 'open');
    // The inbox of the other server keeps the wake.
    return claimed.length === 0 ? 'owed' : this.follow(id, claimed, request);
  }

  /**
   * Another server has handed a wake to this one, or this one has adopted it from a dead server. The event was verified there.
   */
  async take(event: string, wake: SharedWake): Promise<void> {
    // Never answered, so that it stays in the inbox.
    if (this.#isStopping) return new Promise(() => undefined);
    const wakes = await this.#wakesOfHanded(wake);
    if (this.#options.wasAbsorbed(event)) return this.#markDone(event, [wake], 'handed');
    const claimed = await this.#claim(event, wakes, 'handed');
    // None is left if the keys are registered no more. The claim then goes to nobody.
    if (wakes.length === 0) return this.#markDone(event, [wake], 'handed');
    if (claimed.length === 0) return;
    const isForEvent = wake.kind !== 'chat_wake';
    if (isForEvent) this.#options.telemetry.count('events_claimed');
    const isNew = isForEvent && (await this.#options.seen.reserve(event)) === 'new';
    const end = this.follow(event, claimed, (own) => this.#gather(own));
    if (isNew) this.#finishAfter(event, end);
  }

  /**
   * The program stops. The events that are kept are left to the other servers, which have them too, and to recoveries. What is claimed here
   * and not sent is left to the server that takes over, and so is what is handed to this one from now on.
   */
  stop(): void {
    this.#isStopping = true;
    this.#watch.clear();
  }

  #end(event: string, wake: SharedWake, how: WakeEnd): void {
    if (how !== 'dropped' || !this.#isStopping) this.#options.share.end(event, wake, how);
  }

  /** The other server had the keys. If one is not registered here, its registration may be on its way, and the look-up is repeated for a while. */
  async #wakesOfHanded(wake: SharedWake): Promise<readonly KeyWake[]> {
    const { schedule, waker } = this.#options;
    let wakes = await waker.wakesOfKeys(wake);
    for (let tries = LOOK_UPS; tries > 0 && countKeys(wakes) < wake.keys.length; tries--) {
      await new Promise<void>((resolve) => schedule(LOOK_UP_MS, resolve));
      wakes = await waker.wakesOfKeys(wake);
    }
    return wakes;
  }

  #gather(wake: KeyWake): Promise<WakeEnd> {
    const { schedule, waker } = this.#options;
    const { device } = wake;
    const known = this.#handed.get(device);
    if (known !== undefined) {
      known.wake.absorb(wake);
      return known.end;
    }
    const end = new Promise<WakeEnd>((resolve) => {
      schedule(GATHER_MS, () => {
        this.#handed.delete(device);
        resolve(waker.request([wake], 'live'));
      });
    });
    this.#handed.set(device, { wake, end });
    return end;
  }

  async #look(watched: WatchedEvent, isLast: boolean): Promise<void> {
    const { copies, id } = watched;
    const { seen, share } = this.#options;
    const devices = [...new Set(copies.flatMap(({ wakes }) => wakes.map(({ device }) => device)))];
    const standings = await share.look(id, devices);
    if (standings.includes('unknown')) {
      // The engine does not answer. The group may be ours by now, because its owner has been silent for too long. An event that cannot be
      // kept is woken for here: one wake too many is better than none.
      if (isLast || copies.some(({ wakes }) => wakes.some(({ group }) => share.owns(group))))
        return this.#act(id, copies, 'own');
      return this.#watch.again(watched);
    }
    const open = new Set(devices.filter((_, index) => standings[index] === 'open'));
    if (open.size > 0) return this.#act(id, copies, 'open', open);
    // A server that has verified the event acts on it.
    if ((await seen.reserve(id)) === 'new') await seen.commit(id);
  }

  /** Verifies the copies of an event that its owner has not acted on, and has the genuine one woken for. @param open the devices that need it; all if absent */
  async #act(
    id: string,
    copies: readonly WatchedCopy[],
    reason: ClaimReason,
    open?: ReadonlySet<string>,
  ): Promise<void> {
    const { seen, waker } = this.#options;
    const genuine = copies.find((copy) => this.#isGenuine(copy));
    if (genuine === undefined) return;
    const due = genuine.wakes.filter(({ device }) => open?.has(device) !== false);
    const wakes = (await Promise.all(due.map((wake) => waker.wakesOfKeys(wake)))).flat();
    const isNew = (await seen.reserve(id)) === 'new';
    const claimed = await this.#claim(id, wakes, reason);
    if (claimed.length > 0) {
      this.#options.telemetry.count('events_claimed');
      const end = this.follow(id, claimed, (wake) => waker.request([wake], 'live'));
      if (isNew) this.#finishAfter(id, end);
    } else if (isNew) await seen.commit(id);
  }

  #isGenuine({ account, frame, wakes }: WatchedCopy): boolean {
    const { telemetry, verifier } = this.#options;
    const event = frame.parse();
    if (event === undefined) return false;
    telemetry.count('events_verified');
    const authenticity = account.charge(() => verifier.verify(event));
    if (authenticity === 'genuine') return true;
    telemetry.count('events_rejected', { reason: authenticity });
    if (authenticity === 'forged')
      account.forgeries.charge(
        wakes.flatMap(({ keys }) => keys),
        frame,
      );
    return false;
  }

  /** Claims wakes of a verified event. @returns those that this server may send */
  async #claim(event: string, wakes: readonly KeyWake[], reason: ClaimReason): Promise<readonly KeyWake[]> {
    const { share, waker } = this.#options;
    if (wakes.length === 0) return [];
    const claims = await share.claim(
      event,
      wakes.map((wake) => this.#shared(wake)),
      reason,
    );
    return wakes.filter((wake, index) => {
      const claim = claims[index];
      if (claim?.outcome !== 'won') return false;
      waker.continueWindows(wake.device, claim.windows);
      return true;
    });
  }

  /** Tells the fleet that an event needs no wake any more. */
  async #markDone(event: string, wakes: readonly SharedWake[], reason: ClaimReason): Promise<void> {
    const { share } = this.#options;
    const claims = await share.claim(event, wakes, reason);
    wakes.forEach((wake, index) => {
      if (claims[index]?.outcome === 'won') share.end(event, wake, 'sent');
    });
  }

  #finishAfter(event: string, end: Promise<WakeEnd>): void {
    const { onFault, seen } = this.#options;
    end
      .then((how) => (how === 'dropped' ? seen.release(event) : seen.commit(event)))
      .catch(async (fault: unknown) => {
        onFault(fault);
        await seen.release(event);
      });
  }

  #shared({ device, isVouched, keys, kind }: KeyWake): SharedWake {
    return { device, group: this.#options.waker.groupOf(device), keys, kind, isVouched };
  }
}

function countKeys(wakes: readonly KeyWake[]): number {
  return wakes.reduce((sum, { keys }) => sum + keys.length, 0);
}
