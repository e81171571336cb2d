import { KEY_DIGITS, parseTradePubkey, type TradePubkey } from '../registry/trade-pubkey.ts';

/** Whether the key at a place of a text may be registered. The key is 64 hex digits of any case. */
export type KeyLookup = (text: Uint8Array, from: number) => boolean;

/** The most recipients of an event that wakes a device (contract 2). Mostro's events have one recipient; an event with more than ten is a broadcast. */
export const MAX_RECIPIENTS = 10;

/** The keys among an event's distinct `p` values. With more values than {@link MAX_RECIPIENTS} the event is `crowded`. */
export class Recipients {
  // Nearly every event names one recipient. An array literal has room for one; an array that is pushed to has room for seventeen.
  #values: string[] | undefined;
  #keys: TradePubkey[] | undefined;
  #crowded = false;

  get keys(): readonly TradePubkey[] {
    return this.#keys ?? [];
  }

  get crowded(): boolean {
    return this.#crowded;
  }

  /** Whether one of the keys may be registered. */
  isFor(mayBeRegistered: KeyLookup): boolean {
    const text = new Uint8Array(KEY_DIGITS);
    return this.keys.some((key) => {
      for (let at = 0; at < KEY_DIGITS; at++) text[at] = key.charCodeAt(at);
      return mayBeRegistered(text, 0);
    });
  }

  /** Adds the value of one `p` tag. A value that is not a public key counts as a value, but is not a recipient. */
  add(written: string): void {
    const key = parseTradePubkey(written);
    const value = key ?? written;
    if (this.#crowded || this.#values?.includes(value) === true) return;
    if (this.#values?.length === MAX_RECIPIENTS) {
      this.#crowded = true;
      return;
    }
    this.#values = added(this.#values, value);
    if (key !== undefined) this.#keys = added(this.#keys, key);
  }
}

function added<Item>(items: Item[] | undefined, item: Item): Item[] {
  if (items === undefined) return [item];
  items.push(item);
  return items;
}

/** The recipients in an event's tags. Every `p` tag counts, not only the first (NIP-01). */
export function recipientsOf(tags: readonly (readonly string[])[]): Recipients {
  const recipients = new Recipients();
  for (const tag of tags) if (tag[0] === 'p' && tag[1] !== undefined) recipients.add(tag[1]);
  return recipients;
}
