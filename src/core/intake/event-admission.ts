import { SECOND_MS, unixSeconds, type Clock } from '../basics/clock.ts';
import { EventReport, type EventRejection } from './event-report.ts';
import { MAX_EVENT_AGE_MS, SIGNED_MESSAGE_KIND, type NostrEvent } from '../nostr/nostr-event.ts';
import type { EventShare } from './event-share.ts';
import type { EventFrame, EventIntake, RecoveryIntake, RelayIntake, Verdict } from './event-intake.ts';
import type { KeyLookup } from '../nostr/recipients.ts';
import { Recovery, type EventOrigin, type RecoveryOptions } from '../waking/recovery.ts';
import type { EventVerifier } from '../nostr/event-verifier.ts';
import { readEvent } from './read-event.ts';
import { RecentIds } from './recent-ids.ts';
import type { SeenEvents } from './seen-events.ts';
import type { RelayAccount } from './relay-account.ts';
import type { Registrations } from '../registry/registrations.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { TradePubkey } from '../registry/trade-pubkey.ts';
import type { KeyWake } from '../waking/key-wake.ts';
import { isByOther } from '../waking/vouching.ts';
import type { Waker } from '../waking/waker.ts';
import type { WakeEnd } from '../lanes/wake.ts';

/** The most ids of absorbed events that are kept, for all recoveries together: some 10 MB. */
const MAX_ABSORBED = 100_000;
/** The most ids of live events that were absorbed and are kept for audits: some 3 MB. */
const MAX_ABSORBED_LIVE = 20_000;

export interface EventAdmissionOptions {
  readonly registrations: Registrations;
  readonly seen: SeenEvents;
  readonly verifier: EventVerifier;
  readonly waker: Waker;
  /** `MOSTRO_PUBKEYS`: the instances whose signed messages count. If empty, those of every author count (contract 2). */
  readonly instancePubkeys: ReadonlySet<string>;
  /** The time of day. */
  readonly clock: Clock;
  /** Times how long an admission takes, in milliseconds. */
  readonly monotonic: Clock;
  /** Whether the time of day is trusted. If not, no event counts as too old or expired (contract 5). */
  readonly mayExpire: () => boolean;
  readonly telemetry: Telemetry;
  /** Shares events with the other servers of a fleet; absent if this server is alone. */
  readonly share?: EventShare | undefined;
  /** Called for a fault that cannot be handled here. The program then stops. */
  readonly onFault: (fault: unknown) => void;
}

/** How an event for a registered key came. */
interface Arrival {
  /** The account of the relay that sent the event. */
  readonly account: RelayAccount;
  readonly frame: EventFrame;
  readonly origin: EventOrigin;
  /** When the event arrived, in milliseconds. */
  readonly since: number;
}

/**
 * Decides whether an event wakes a device. The checks are in the order of their cost, so an event for strangers costs one look-up:
 * 1. Is the event for a registered key?
 * 2. Is it new?
 * 3. Is it for a device of this server, where several work as one?
 * 4. Is it well-formed, and neither too old nor expired?
 * 5. Is it genuine?
 * 6. Has another copy claimed it meanwhile, or another server of the fleet?
 */
export class EventAdmission implements EventIntake {
  readonly #options: EventAdmissionOptions;
  readonly #report: EventReport;
  /** The ids of the events that current recoveries have absorbed. A copy that does not come live counts as known. */
  readonly #absorbed = new Set<string>();
  /**
   * The ids of the latest live events that a wake absorbed before it was sent. They are not verified, so they are not marked as seen. An
   * audit need not wake for them: that wake was sent after the id was known.
   */
  readonly #absorbedLive = new RecentIds(MAX_ABSORBED_LIVE);
  readonly #mayBeRegistered: KeyLookup;

  constructor(options: EventAdmissionOptions) {
    this.#options = options;
    this.#report = new EventReport({ clock: options.monotonic, telemetry: options.telemetry });
    this.#mayBeRegistered = (text, from) => options.registrations.mayContainAt(text, from);
  }

  forRelay(account: RelayAccount): RelayIntake {
    return {
      admit: (frame, origin) => this.#admit(frame, origin, account),
      beginRecovery: (of) => this.#beginRecovery(account, of),
      hasRegistrations: () => this.#options.registrations.counts().total > 0,
    };
  }

  /** Whether a wake that was sent after the event came has answered it, although its id is not marked as seen. */
  wasAbsorbed(id: string): boolean {
    return this.#absorbed.has(id) || this.#absorbedLive.has(id);
  }

  /** Why an event wakes none of the devices that it names. */
  async whyUnwanted(event: NostrEvent): Promise<EventRejection> {
    if (isByOther(event, this.#options.instancePubkeys)) return 'other_author';
    return (await this.#options.waker.isUnheeded(event)) ? 'heartbeat' : 'not_new';
  }

  #beginRecovery(account: RelayAccount, of: RecoveryOptions | undefined): RecoveryIntake {
    const recovery = new Recovery((absorbed) => {
      for (const [id, end] of absorbed) this.#commitAbsorbed(id, end).catch(this.#options.onFault);
    }, of);
    return {
      admit: (frame) => this.#admit(frame, recovery, account),
      wakesEnded: recovery.wakesEnded,
      end: (isSound) => recovery.end(isSound),
    };
  }

  #admit(frame: EventFrame, origin: EventOrigin, account: RelayAccount): Verdict | Promise<Verdict> {
    const { telemetry } = this.#options;
    telemetry.count('events_received', { kind: String(frame.kind) });
    if (!frame.isFor(this.#mayBeRegistered)) {
      telemetry.count('events_unmatched');
      return 'unmatched';
    }
    this.#report.matched(frame, origin);
    if (frame.isCrowded) return this.#report.rejected('crowded', frame);
    if (this.#isKnown(frame.id, origin)) return this.#report.duplicate(frame);
    // A gift wrap carries no true time, so nothing shows that it is newer than the registration.
    if (origin === 'stored' && frame.kind !== SIGNED_MESSAGE_KIND)
      return this.#report.rejected('not_new', frame);
    const now = this.#options.mayExpire() ? unixSeconds(this.#options.clock) : undefined;
    if (now !== undefined && frame.createdAt < now - MAX_EVENT_AGE_MS / SECOND_MS)
      return this.#report.rejected('too_old', frame);
    const judgement = account.forgeries.judge(frame);
    if (judgement !== undefined) return this.#report.rejected(judgement, frame);
    // Not for a stored event: it may be older than the registration, and would hide its live copies.
    if (origin !== 'stored' && this.#options.share?.leaves({ frame, account }) === true)
      return this.#report.left(frame);
    const event = readEvent(frame, now);
    if (typeof event === 'string') return this.#report.rejected(event, frame);
    return this.#consider(event, { frame, origin, account, since: this.#options.monotonic() }).catch(
      (fault: unknown) => {
        this.#options.onFault(fault);
        return 'rejected';
      },
    );
  }

  #isKnown(id: string, origin: EventOrigin): boolean {
    if (this.#options.seen.knows(id)) return true;
    if (origin === 'live') return false;
    return this.#absorbed.has(id) || (origin !== 'stored' && origin.isAudit && this.#absorbedLive.has(id));
  }

  async #consider(event: NostrEvent, arrival: Arrival): Promise<Verdict> {
    const { account, frame, origin, since } = arrival;
    const { share, waker } = this.#options;
    // Before the id is reserved: a relay that sends the event as stored must not suppress its live copies.
    const all = await waker.wakesFor(event, origin, since);
    if (all.length === 0) return this.#report.rejected(await this.whyUnwanted(event), frame);
    const wakes = share === undefined ? all : share.split({ frame, account }, all);
    if (wakes.length === 0) return this.#report.left(frame);
    const keys = wakes.flatMap((wake) => wake.keys);
    // A wake that has not been sent yet is enough for this event. The id is not marked as seen, since the event is not verified: a
    // copy that comes after that wake has to be looked at.
    if (origin === 'live' && waker.areUnsent(wakes) && share?.mayAbsorb !== false) {
      this.#absorbedLive.add(event.id);
      return this.#report.absorbed(keys);
    }
    // Most of what a recovery brings was handled by some server: a look costs less than a verification.
    if (share !== undefined && origin !== 'live' && (await share.isHandled(event.id, wakes))) {
      await this.#noteHandled(event.id);
      return this.#report.duplicate(frame);
    }
    // Another copy may have been reserved during the await.
    if (this.#isKnown(event.id, origin)) return this.#report.duplicate(frame);
    const refusal = this.#verify(event, arrival, keys);
    if (refusal !== undefined) return this.#report.rejected(refusal, frame);
    if (origin instanceof Recovery && waker.areRecovered(wakes, origin)) {
      this.#absorb(event.id, wakes, origin);
      return this.#report.absorbed(keys);
    }
    if ((await this.#options.seen.reserve(event.id)) !== 'new') return this.#report.duplicate(frame);
    this.#absorbed.delete(event.id);
    if (share !== undefined) return this.#wakeClaimed(event, arrival, wakes, share);
    this.#report.claimed(event, keys, since);
    this.#finishAfter(event.id, waker.request(wakes, origin));
    return 'admitted';
  }

  /** Checks the event's id and signature. @returns why it may wake no device; `undefined` if it is genuine */
  #verify(
    event: NostrEvent,
    { account, frame }: Arrival,
    keys: readonly TradePubkey[],
  ): EventRejection | undefined {
    // Other forgeries may have been charged to these keys since the event was judged.
    if (account.forgeries.areSpent(keys)) return 'unverified';
    this.#options.telemetry.count('events_verified');
    const authenticity = account.charge(() => this.#options.verifier.verify(event));
    if (authenticity === 'forged') account.forgeries.charge(keys, frame);
    return authenticity === 'genuine' ? undefined : authenticity;
  }

  /** Asks for those of the wakes that no other server of the fleet has claimed. The event's id is reserved. */
  async #wakeClaimed(
    event: NostrEvent,
    { frame, origin, since }: Arrival,
    wakes: readonly KeyWake[],
    share: EventShare,
  ): Promise<Verdict> {
    const { id } = event;
    const claimed = await share.claim(id, wakes);
    if (claimed.length === 0) {
      await this.#options.seen.commit(id);
      return this.#report.duplicate(frame);
    }
    this.#report.claimed(
      event,
      claimed.flatMap(({ keys }) => keys),
      since,
    );
    const { waker } = this.#options;
    this.#finishAfter(
      id,
      share.follow(id, claimed, (wake) => waker.request([wake], origin)),
    );
    return 'admitted';
  }

  /** Another server has verified the event and acts on it. */
  async #noteHandled(id: string): Promise<void> {
    const { seen } = this.#options;
    if ((await seen.reserve(id)) === 'new') await seen.commit(id);
  }

  /** Keeps only the id: thousands of wakes may wait, and none of them needs the event itself. */
  #finishAfter(id: string, end: Promise<WakeEnd>): void {
    const { onFault, seen } = this.#options;
    const onEnd = (how: WakeEnd): Promise<void> => (how === 'dropped' ? seen.release(id) : seen.commit(id));
    end.then(onEnd).catch(async (fault: unknown) => {
      onFault(fault);
      await seen.release(id);
    });
  }

  /** Absorbs an event of which the recovery has woken a device already. The id is not reserved (see {@link Recovery}). */
  #absorb(id: string, wakes: readonly KeyWake[], recovery: Recovery): void {
    this.#absorbed.add(id);
    const end = this.#options.waker.request(wakes, recovery).then((how) => {
      // A further copy, from any relay, may try again.
      if (how === 'dropped') this.#absorbed.delete(id);
      return how;
    });
    end.catch(this.#options.onFault);
    this.#options.share?.absorb(id, wakes, end);
    if (this.#absorbed.size <= MAX_ABSORBED) recovery.absorb(id, end);
    // To bound the memory, the id is marked as seen early. A live copy of the event may then be lost.
    else this.#commitAbsorbed(id, end).catch(this.#options.onFault);
  }

  /** Marks an absorbed id as seen, if its wake was not dropped. */
  async #commitAbsorbed(id: string, end: Promise<WakeEnd>): Promise<void> {
    const { seen } = this.#options;
    const how = await end;
    // False if the event has come live meanwhile: then its own wake decides.
    const isStillAbsorbed = this.#absorbed.delete(id);
    if (how !== 'dropped' && isStillAbsorbed && (await seen.reserve(id)) === 'new') await seen.commit(id);
  }
}
