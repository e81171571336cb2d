import type { SubscriptionFrame } from '../wire/event-frame.ts';
import type { ReasonPrefix } from '../wire/relay-message.ts';
import { SIGNED_MESSAGE_KIND } from '../../core/nostr/nostr-event.ts';
import { CLOSED_REACTIONS } from './closed-reaction.ts';
import type { Filter, SubscriptionListener } from './subscription.ts';

interface Member {
  readonly filter: Filter;
  readonly listener: SubscriptionListener;
  /** Whether a REQ with its filter has been sent. */
  isAsked: boolean;
}

export interface SharedRequestWire {
  /** Sends a REQ. It replaces the one before, because it has the same id. */
  readonly ask: (filters: readonly Filter[]) => void;
  /** Sends CLOSE. */
  readonly close: () => void;
}

/**
 * Several subscriptions in one REQ with several filters, for relays that allow few subscriptions. When one joins, the REQ is sent anew
 * under the same id. A relay then goes on with the live events of all filters, and sends the stored events of all, and EOSE (NIP-01).
 */
export class SharedRequest implements SubscriptionListener {
  readonly #wire: SharedRequestWire;
  /** The subscriptions in the order in which they joined. */
  readonly #members = new Map<string, Member>();
  /** Those whose EOSE is still to come. Until then no further REQ is sent. */
  #asking = new Set<string>();
  /** The kinds that the relay refuses together with kind 14, and why. */
  readonly #refused = new Map<number, ReasonPrefix>();
  #isOpen = false;
  #isDue = false;

  constructor(wire: SharedRequestWire) {
    this.#wire = wire;
  }

  join(id: string, filter: Filter, listener: SubscriptionListener): void {
    this.#members.set(id, { filter, listener, isAsked: false });
    this.#schedule();
  }

  /** @returns whether the subscription was one of these */
  leave(id: string): boolean {
    if (!this.#members.delete(id)) return false;
    this.#asking.delete(id);
    this.#schedule();
    return true;
  }

  onEvent(frame: SubscriptionFrame): boolean {
    let live: Member | undefined;
    for (const member of this.#members.values()) {
      const { filter } = member;
      if (!filter.kinds.includes(frame.kind)) continue;
      // A page is asked for with an end or a beginning. What matches it may be stored or live, and is given to the page.
      if (filter.since === undefined) live ??= member;
      else if (frame.createdAt >= filter.since && frame.createdAt <= (filter.until ?? Infinity))
        return member.listener.onEvent(frame);
    }
    return live?.listener.onEvent(frame) ?? false;
  }

  onEose(): boolean {
    if (this.#asking.size === 0) return false;
    const asked = this.#asking;
    this.#asking = new Set();
    for (const id of asked) this.#members.get(id)?.listener.onEose();
    this.#schedule();
    return true;
  }

  onTooLong(): void {
    for (const { listener } of this.#members.values()) listener.onTooLong?.();
  }

  onClosed(reason: ReasonPrefix): void {
    this.#isOpen = false;
    this.#asking = new Set();
    const members = [...this.#members];
    // After a refusal the relay may serve kind 14 alone. Authentication is tried for all kinds together.
    const isRefused = CLOSED_REACTIONS[reason].refuses && reason !== 'auth-required';
    const kept = isRefused ? members.filter(([, { filter }]) => isLiveMessages(filter)) : [];
    const others = members.filter((member) => !kept.includes(member));
    const goesOn = kept.length > 0 && others.length > 0;
    const ended = goesOn ? others : members;
    if (!goesOn) this.#refused.clear();
    for (const [id, { filter }] of ended) {
      this.#members.delete(id);
      if (goesOn && filter.since === undefined)
        for (const kind of filter.kinds) this.#refused.set(kind, reason);
    }
    for (const [, member] of kept) member.isAsked = false;
    for (const [, { listener }] of ended) listener.onClosed(reason);
    this.#schedule();
  }

  /** Subscriptions that join or leave together cause one REQ. */
  #schedule(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    queueMicrotask(() => this.#advance());
  }

  #advance(): void {
    this.#isDue = false;
    this.#refuse();
    if (this.#members.size === 0) {
      if (this.#isOpen) this.#wire.close();
      this.#isOpen = false;
      return;
    }
    const isNew = [...this.#members.values()].some(({ isAsked }) => !isAsked);
    if (!isNew || this.#asking.size > 0) return;
    for (const [id, member] of this.#members) {
      if (!member.isAsked) this.#asking.add(id);
      member.isAsked = true;
    }
    this.#isOpen = true;
    this.#wire.ask(this.#filters());
  }

  /** Kinds that the relay has refused beside kind 14 are not asked for again, because the relay would close kind 14 too. */
  #refuse(): void {
    if (this.#refused.size === 0) return;
    for (const [id, { filter, listener }] of this.#members) {
      const reason = filter.kinds.map((kind) => this.#refused.get(kind)).find((one) => one !== undefined);
      if (reason === undefined) continue;
      this.#members.delete(id);
      listener.onClosed(reason);
    }
  }

  /** Each filter once, kind 14 first. */
  #filters(): readonly Filter[] {
    const filters = new Map<string, Filter>();
    for (const { filter } of this.#members.values()) filters.set(JSON.stringify(filter), filter);
    return [...filters.values()].toSorted((a, b) => Math.min(...a.kinds) - Math.min(...b.kinds));
  }
}

function isLiveMessages({ kinds, since }: Filter): boolean {
  return since === undefined && kinds.includes(SIGNED_MESSAGE_KIND);
}
