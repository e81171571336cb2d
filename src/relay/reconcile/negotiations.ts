import type { NegotiationMessage } from '../wire/relay-message.ts';

/** How many ended negotiations are remembered, because an answer may be under way. */
const ENDED_REMEMBERED = 32;

/** The filter of the events that are compared. */
export interface ComparedEvents {
  readonly kinds: readonly number[];
  readonly since: number;
  readonly until?: number;
}

/**
 * Why a relay did not answer: the prefix of its NEG-ERR, or `other` (also if it answers the first message by a NOTICE, or by CLOSED, as
 * a relay may that does not know NIP-77).
 */
export type NegotiationRefusal = 'blocked' | 'closed' | 'other';

export interface NegotiationListener {
  /** @param message in hexadecimal digits */
  onMessage(message: string): void;
  onRefused(refusal: NegotiationRefusal): void;
  /** A message was left out because it was too long. */
  onTooLong(): void;
}

interface Negotiation {
  readonly listener: NegotiationListener;
  isAnswered: boolean;
}

/** The messages of NIP-77 on one connection: sends them, and gives each answer to the negotiation that it is for. */
export class Negotiations {
  readonly #send: (message: readonly unknown[]) => void;
  readonly #newId: () => string;
  readonly #open = new Map<string, Negotiation>();
  readonly #ended = new Set<string>();

  constructor(send: (message: readonly unknown[]) => void, newId: () => string) {
    this.#send = send;
    this.#newId = newId;
  }

  /** @returns the id of the new negotiation */
  open(filter: ComparedEvents, message: Buffer, listener: NegotiationListener): string {
    const id = this.#newId();
    this.#open.set(id, { listener, isAnswered: false });
    this.#send(['NEG-OPEN', id, filter, message.toString('hex')]);
    return id;
  }

  goOn(id: string, message: Buffer): void {
    this.#send(['NEG-MSG', id, message.toString('hex')]);
  }

  /** Tells the relay that nothing more is asked. */
  close(id: string): void {
    if (!this.#forget(id)) return;
    this.#send(['NEG-CLOSE', id]);
  }

  /** @returns whether the message was expected */
  receive(message: NegotiationMessage): boolean {
    const { subscription: id } = message;
    const negotiation = this.#open.get(id);
    if (negotiation === undefined) return this.#onLate(message);
    negotiation.isAnswered = true;
    if (message.type === 'NEG-MSG') negotiation.listener.onMessage(message.message);
    else this.#refuse(id, negotiation, message.refusal);
    return true;
  }

  /** An answer came too late, so the relay may still wait for more. */
  #onLate({ subscription: id, type }: NegotiationMessage): boolean {
    const isExpected = this.#ended.delete(id);
    if (isExpected && type === 'NEG-MSG') this.#send(['NEG-CLOSE', id]);
    return isExpected;
  }

  /** A message was left out because it was too long. */
  onTooLong(id: string): void {
    const negotiation = this.#open.get(id);
    if (negotiation === undefined) return;
    negotiation.isAnswered = true;
    negotiation.listener.onTooLong();
  }

  /** The relay has sent CLOSED. @returns whether it was for a negotiation */
  onClosed(id: string): boolean {
    const negotiation = this.#open.get(id);
    if (negotiation !== undefined) this.#refuse(id, negotiation, 'other');
    return negotiation !== undefined;
  }

  /** Whether the relay has not answered a first message. */
  get isUnanswered(): boolean {
    return [...this.#open.values()].some(({ isAnswered }) => !isAnswered);
  }

  /** The relay has sent a NOTICE. @returns whether it is taken for the answer to a first message */
  onNotice(): boolean {
    const unanswered = [...this.#open].filter(([, { isAnswered }]) => !isAnswered);
    for (const [id, negotiation] of unanswered) this.#refuse(id, negotiation, 'other');
    return unanswered.length > 0;
  }

  #refuse(id: string, { listener }: Negotiation, refusal: NegotiationRefusal): void {
    this.#forget(id);
    listener.onRefused(refusal);
  }

  #forget(id: string): boolean {
    if (!this.#open.delete(id)) return false;
    this.#ended.add(id);
    if (this.#ended.size > ENDED_REMEMBERED)
      for (const oldest of this.#ended) return this.#ended.delete(oldest);
    return true;
  }
}
