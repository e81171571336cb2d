import type { EventFrame } from '../intake/event-intake.ts';
import type { ArrivedEvent, EventShare } from '../intake/event-share.ts';
import { worstEnd, type WakeEnd } from '../lanes/wake.ts';
import type { KeyLookup } from '../nostr/recipients.ts';
import { deviceOf } from '../registry/push-target.ts';
import type { Registrations } from '../registry/registrations.ts';
import type { KeyWake } from '../waking/key-wake.ts';
import type { Waker } from '../waking/waker.ts';
import { LeftEvents, type LeftEventsOptions } from './left-events.ts';
import type { ClaimReason, SharedWake, WakeShare } from './wake-share.ts';

/** The most events that recoveries have absorbed and whose wakes are not sent yet. Beyond it the fleet is not told of an absorbed event. */
const MOST_ABSORBED = 100_000;
/** Wakes for one device that are handed to this server within this time are one wake: a server that dies leaves many at once. */
const GATHER_MS = 100;
/** How often a key that another server knew is looked up again here, and after what time each. A registration is known everywhere within a second. */
const LOOK_UPS = 6;
const LOOK_UP_MS = 500;

/** No device of this server. */
const NONE: readonly string[] = [];

export interface SharedEventsOptions extends Omit<
  LeftEventsOptions,
  'registrations' | 'share' | 'waker' | 'wake'
> {
  readonly share: WakeShare;
  readonly registrations: Pick<Registrations, 'lotAt' | 'targetOf'>;
  readonly waker: Pick<
    Waker,
    'areIndividual' | 'continueWindows' | 'groupOf' | 'heeds' | 'request' | 'wakesFor' | 'wakesOfKeys'
  >;
  /** A name that no event has, 64 random hex digits: a wake that answers no event is claimed under it. */
  readonly newId: () => string;
  /** Whether a wake that was sent later has answered the event here, although its id is not marked as seen. */
  readonly wasAbsorbed: (event: string) => boolean;
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
  readonly #left: LeftEvents;
  /** The lots of the event that is asked about in {@link leaves}. */
  #lots: number[] = [];
  readonly #isForUs: KeyLookup;
  #absorbed = 0;
  #isStopping = false;
  #stopped: Promise<void> | undefined;
  /** By device, the wake that was handed to this server a moment ago, and how it ends. */
  readonly #handed = new Map<string, { readonly wake: KeyWake; readonly end: Promise<WakeEnd> }>();

  constructor(options: SharedEventsOptions) {
    this.#options = options;
    this.#left = new LeftEvents({
      share: options.share,
      registrations: options.registrations,
      waker: options.waker,
      seen: options.seen,
      verifier: options.verifier,
      whyUnwanted: options.whyUnwanted,
      wake: (event, wakes, reason) => this.#wake(event, wakes, reason),
      schedule: options.schedule,
      monotonic: options.monotonic,
      clock: options.clock,
      mayExpire: options.mayExpire,
      telemetry: options.telemetry,
      onFault: options.onFault,
    });
    this.#isForUs = (text, from) => {
      const lot = options.registrations.lotAt(text, from);
      if (lot === undefined) return false;
      if (options.share.ownsLot(lot)) return true;
      if (!this.#lots.includes(lot)) this.#lots.push(lot);
      return false;
    };
  }

  /** Events of other servers' devices that are kept for now. */
  get watched(): number {
    return this.#left.size;
  }

  get mayAbsorb(): boolean {
    return this.#options.share.isCertain;
  }

  leaves({ account, frame }: ArrivedEvent): boolean {
    this.#lots = [];
    const isForUs = this.#options.waker.areIndividual ? frame.isFor(this.#isForUs) : this.#isFor(frame);
    if (isForUs || this.#lots.length === 0) return false;
    this.#left.add({ account, frame, lots: this.#lots, own: NONE });
    return true;
  }

  /** Another server has claimed an event. @see WakeShareListener.onTold */
  told(half: string, lot: number): void {
    this.#left.told(half, lot);
  }

  split({ account, frame }: ArrivedEvent, wakes: readonly KeyWake[]): readonly KeyWake[] {
    const ours = wakes.filter((wake) => this.owns(wake));
    if (ours.length === wakes.length) return wakes;
    const others = wakes.filter((wake) => !ours.includes(wake));
    const lots = others.map(({ device }) => this.#options.share.lotOf(device));
    this.#left.add({ account, frame, lots, own: ours.map(({ device }) => device) });
    return ours;
  }

  async isHandled(event: string, wakes: readonly KeyWake[]): Promise<boolean> {
    const standings = await this.#options.share.look(wakes.map(({ device }) => ({ event, device })));
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
   * The program stops. The events that are kept go to the owners of their devices. Wakes that are claimed here and not sent are left to the
   * server that takes over, and so are wakes that other servers hand to this one from now on. Resolves when the owners have the events.
   */
  stop(): Promise<void> {
    this.#isStopping = true;
    this.#stopped ??= this.#left.stop().catch(this.#options.onFault);
    return this.#stopped;
  }

  /** Whether the event is for a device of this server, or one that no event wakes. The devices of other servers go to `#lots`. */
  #isFor(frame: EventFrame): boolean {
    const { registrations, share, waker } = this.#options;
    return frame.recipients.keys.some((key) => {
      const target = registrations.targetOf(key);
      if (target === undefined) return false;
      const device = deviceOf(target);
      if (!waker.heeds(device) || share.owns(waker.groupOf(device))) return true;
      this.#lots.push(share.lotOf(device));
      return false;
    });
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

  /** Claims wakes of a verified event that their owner has not acted on, and asks for those that this server may send. */
  async #wake(event: string, wakes: readonly KeyWake[], reason: ClaimReason): Promise<void> {
    const { seen, telemetry, waker } = this.#options;
    const isNew = (await seen.reserve(event)) === 'new';
    const claimed = await this.#claim(event, wakes, reason);
    if (claimed.length > 0) {
      telemetry.count('events_claimed');
      const end = this.follow(event, claimed, (wake) => waker.request([wake], 'live'));
      if (isNew) this.#finishAfter(event, end);
    } else if (isNew) await seen.commit(event);
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
