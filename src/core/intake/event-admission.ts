import { SECOND_MS, unixSeconds, type Clock } from '../basics/clock.ts';
import { MAX_EVENT_AGE_MS } from '../nostr/event-age.ts';
import type { EventRejection } from './event-rejection.ts';
import { EventReport } from './event-report.ts';
import { expirationOf, SIGNED_MESSAGE_KIND, type NostrEvent } from '../nostr/nostr-event.ts';
import type { EventFrame, EventIntake, RelayIntake, Verdict } from './event-intake.ts';
import type { KeyLookup } from '../nostr/recipients.ts';
import type { EventOrigin } from '../waking/recovery.ts';
import type { EventVerifier } from '../nostr/event-verifier.ts';
import type { SeenEvents } from './seen-events.ts';
import { Recovery } from '../waking/recovery.ts';
import type { RelayAccount } from './relay-account.ts';
import type { Registrations } from '../registry/registrations.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { isByOther, type Addressee } from '../waking/vouching.ts';
import type { Waker } from '../waking/waker.ts';

/** The most that relays take by default (strfry); Mostro sends two. */
const MAX_TAGS = 2000;
/** Ids that recoveries may hold back, some 10 MB: as many events for devices that have just been woken. */
const MAX_ABSORBED = 100_000;

export interface EventAdmissionOptions {
  readonly registrations: Registrations;
  readonly seen: SeenEvents;
  readonly verifier: EventVerifier;
  readonly waker: Waker;
  /** `MOSTRO_PUBKEYS`: whose signed messages count; empty for anyone's (contract 2). */
  readonly authors: ReadonlySet<string>;
  /** The time of day. */
  readonly clock: Clock;
  /** What an event's way is timed by, in milliseconds. */
  readonly monotonic: Clock;
  /** Whether the time of day is trusted: else no event is too old, or expired (contract 5). */
  readonly mayExpire: () => boolean;
  readonly telemetry: Telemetry;
  /** Told of a fault that nothing here can mend; the program then stops. */
  readonly onFault: (fault: unknown) => void;
}

/** An event that is for somebody here: as it came, when (milliseconds), how, and who pays for it. */
interface Arrival {
  readonly account: RelayAccount;
  readonly frame: EventFrame;
  readonly origin: EventOrigin;
  readonly seenAt: number;
}

/**
 * The way of an event from a relay's word to a wake, cheapest question first: is it for somebody here? seen
 * already? well-formed and of our time? genuine? still unclaimed? An event for strangers ends at the first.
 */
export class EventAdmission implements EventIntake {
  readonly #options: EventAdmissionOptions;
  readonly #report: EventReport;
  /** The ids that recoveries under way have absorbed: dealt with, unless they come live. */
  readonly #absorbed = new Set<string>();

  readonly #holds: KeyLookup;

  constructor(options: EventAdmissionOptions) {
    this.#options = options;
    this.#report = new EventReport({ ...options, clock: options.monotonic });
    this.#holds = (text, from) => options.registrations.mayContainAt(text, from);
  }

  forRelay(account: RelayAccount): RelayIntake {
    return {
      admit: (frame, origin) => this.#admit(frame, origin, account),
      beginRecovery: () => this.#beginRecovery(),
      hasRegistrations: () => this.#options.registrations.counts().total > 0,
    };
  }

  #beginRecovery(): Recovery {
    return new Recovery((absorbed) => {
      for (const [id, settled] of absorbed) this.#settleAbsorbed(id, settled).catch(this.#options.onFault);
    });
  }

  #admit(frame: EventFrame, origin: EventOrigin, account: RelayAccount): Verdict | Promise<Verdict> {
    const { telemetry } = this.#options;
    telemetry.count('events_received', { kind: String(frame.kind) });
    if (!frame.isFor(this.#holds)) {
      telemetry.count('events_unmatched');
      return 'unmatched';
    }
    this.#report.matched(frame, origin);
    if (frame.isCrowded) return this.#report.rejected('crowded', frame);
    if (this.#isDealtWith(frame.id, origin)) return this.#report.duplicate(frame);
    // A gift wrap carries no true time: nothing tells whether it is newer than the registration.
    if (origin === 'stored' && frame.kind !== SIGNED_MESSAGE_KIND)
      return this.#report.rejected('not_new', frame);
    const oldest = unixSeconds(this.#options.clock) - MAX_EVENT_AGE_MS / SECOND_MS;
    if (frame.createdAt < oldest && this.#options.mayExpire()) return this.#report.rejected('too_old', frame);
    const judgement = account.forgeries.judge(frame);
    if (judgement !== undefined) return this.#report.rejected(judgement, frame);
    const event = frame.parse();
    if (event === undefined) return this.#report.rejected('malformed', frame);
    const rejection = this.#rejection(event, frame);
    if (rejection !== undefined) return this.#report.rejected(rejection, frame);
    return this.#consider(event, { frame, origin, account, seenAt: this.#options.monotonic() }).catch(
      (fault: unknown) => {
        this.#options.onFault(fault);
        return 'rejected';
      },
    );
  }

  #isDealtWith(id: string, origin: EventOrigin): boolean {
    return this.#options.seen.knows(id) || (origin !== 'live' && this.#absorbed.has(id));
  }

  #rejection(event: NostrEvent, frame: EventFrame): EventRejection | undefined {
    const { clock, mayExpire } = this.#options;
    const now = unixSeconds(clock);
    // What was asked so far was asked about the frame: the event must be that one.
    const { id, kind, createdAt } = frame;
    if (event.id !== id || event.kind !== kind || event.created_at !== createdAt) return 'mismatched';
    if (event.tags.length > MAX_TAGS) return 'crowded';
    if ((expirationOf(event) ?? Infinity) <= now && mayExpire()) return 'expired';
    return undefined;
  }

  async #consider(event: NostrEvent, { account, frame, origin, seenAt }: Arrival): Promise<Verdict> {
    const { authors, telemetry, verifier, waker } = this.#options;
    // Before it is reserved: a relay that hands it in as stored must not suppress it where it is live.
    const registrations = await waker.addressed(event, origin);
    if (registrations.length === 0)
      return this.#report.rejected(isByOther(event, authors) ? 'other_author' : 'not_new', frame);
    // Neither verified nor remembered: the wake that is coming answers it, and a copy after that wake asks again.
    if (origin === 'live' && waker.isUnsent(registrations)) return this.#report.followed(registrations);
    // Of two copies that were under way at once, the second one ends here.
    if (this.#isDealtWith(event.id, origin)) return this.#report.duplicate(frame);
    const keys = registrations.map(({ tradePubkey }) => tradePubkey);
    // Those that came with it may have used up the minute while it waited for the store.
    if (account.forgeries.areSpent(keys)) return this.#report.rejected('unverified', frame);
    telemetry.count('events_verified');
    const authenticity = account.charge(() => verifier.verify(event));
    if (authenticity === 'forged') account.forgeries.charge(keys, frame);
    if (authenticity !== 'genuine') return this.#report.rejected(authenticity, frame);
    if (origin instanceof Recovery && origin.hasWoken(registrations.map(({ device }) => device)))
      return this.#absorb(event.id, registrations, origin);
    if ((await this.#options.seen.reserve(event.id)) !== 'new') return this.#report.duplicate(frame);
    this.#absorbed.delete(event.id);
    if (origin instanceof Recovery) origin.found++;
    this.#report.claimed(event, registrations, seenAt);
    this.#follow(event.id, waker.wake(registrations, origin, seenAt));
    return 'admitted';
  }

  /** Of the event only its id: thousands of wakes may wait, and none of them needs what the event says. */
  #follow(id: string, wake: Promise<boolean>): void {
    const { onFault, seen } = this.#options;
    const onWoken = (isSettled: boolean): Promise<void> => (isSettled ? seen.commit(id) : seen.release(id));
    wake.then(onWoken).catch(async (fault: unknown) => {
      onFault(fault);
      await seen.release(id);
    });
  }

  /** The recovery has woken a device of it already: the event follows that wake, and is not reserved (see {@link Recovery}). */
  #absorb(id: string, registrations: readonly Addressee[], recovery: Recovery): Verdict {
    this.#absorbed.add(id);
    const settled = this.#options.waker.wake(registrations, recovery).then((isSettled) => {
      // Nobody was woken for it: whoever else hands it in may try.
      if (!isSettled) this.#absorbed.delete(id);
      return isSettled;
    });
    settled.catch(this.#options.onFault);
    if (this.#absorbed.size <= MAX_ABSORBED) recovery.absorb(id, settled);
    // A live copy of it may then be lost: better than memory without a bound.
    else this.#settleAbsorbed(id, settled).catch(this.#options.onFault);
    return this.#report.followed(registrations);
  }

  async #settleAbsorbed(id: string, settled: Promise<boolean>): Promise<void> {
    const { seen } = this.#options;
    const isSettled = await settled;
    // Since then it may have come live, which is another matter.
    const isStillAbsorbed = this.#absorbed.delete(id);
    if (isSettled && isStillAbsorbed && (await seen.reserve(id)) === 'new') await seen.commit(id);
  }
}
