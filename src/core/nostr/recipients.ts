import { KEY_DIGITS, parseTradePubkey, type TradePubkey } from '../registry/trade-pubkey.ts';

/** Whether a key may be registered that stands at a place of a text, as 64 hex digits of any case. */
export type KeyLookup = (text: Uint8Array, from: number) => boolean;

/** Mostro names one recipient; an event that names more than this is a broadcast, which wakes nobody (contract 2). */
export const MAX_RECIPIENTS = 10;

/** Who an event is for: the keys among its distinct `p` values, or `crowded` when there are more values than {@link MAX_RECIPIENTS}. */
export class Recipients {
  // Nearly every event names one: an array that is pushed to has room for seventeen.
  #values: string[] | undefined;
  #keys: TradePubkey[] | undefined;
  #crowded = false;

  get keys(): readonly TradePubkey[] {
    return this.#keys ?? [];
  }

  get crowded(): boolean {
    return this.#crowded;
  }

  /** Whether any of the keys is one of these. */
  isFor(holds: KeyLookup): boolean {
    const text = new Uint8Array(KEY_DIGITS);
    return this.keys.some((key) => {
      for (let at = 0; at < KEY_DIGITS; at++) text[at] = key.charCodeAt(at);
      return holds(text, 0);
    });
  }

  /** Takes the value of one `p` tag; one that is no public key is nobody's, but counts as a value. */
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

/** The recipients that an event's tags name (NIP-01 `p` tags; every one of them counts, not only the first). */
export function recipientsOf(tags: readonly (readonly string[])[]): Recipients {
  const recipients = new Recipients();
  for (const tag of tags) if (tag[0] === 'p' && tag[1] !== undefined) recipients.add(tag[1]);
  return recipients;
}
