import type { ReasonPrefix } from '../wire/relay-message.ts';

/** `0`: no stored event is asked for (contract 2). `1`: one stored event, at a relay that does not answer `limit: 0`. */
export type LiveLimitValue = 0 | 1;

/** A CLOSED with `error` or without a known prefix may be chance. After so many in a row, `limit: 0` may be the cause. */
const HITCHES_THAT_TELL = 3;

/**
 * The `limit` of the live REQs of one kind at one relay. NIP-01 allows `limit: 0`, but some relays send no EOSE for it (nostr-rs-relay),
 * and some refuse it. Such a relay is asked with `limit: 1`, as soon as its answers have shown what it is.
 */
export class LiveLimit {
  #value: LiveLimitValue = 0;
  #hitches = 0;

  get value(): LiveLimitValue {
    return this.#value;
  }

  /** The relay has answered a REQ with this limit by EOSE. The next REQ has the same limit. */
  answered(limit: LiveLimitValue): void {
    this.#value = limit;
    this.#hitches = 0;
  }

  /** The relay has closed a REQ with this limit and has sent no EOSE. @returns whether the other limit may help at once */
  refused(limit: LiveLimitValue, reason: ReasonPrefix): boolean {
    if (reason === 'error' || reason === 'other') return ++this.#hitches >= HITCHES_THAT_TELL && limit === 0;
    if (reason !== 'invalid' && reason !== 'unsupported') return false;
    this.#value = 0;
    return limit === 0;
  }
}
