import { parseTradePubkey, type TradePubkey } from './trade-pubkey.ts';

/** Mostro names one recipient; an event that names more than this is a broadcast, which wakes nobody (contract 2). */
export const MAX_RECIPIENTS = 10;

/** Who an event is for: the distinct keys of its `p` tags, or `crowded` when there are more than {@link MAX_RECIPIENTS}. */
export class Recipients {
  readonly #keys: TradePubkey[] = [];
  #crowded = false;

  get keys(): readonly TradePubkey[] {
    return this.#keys;
  }

  get crowded(): boolean {
    return this.#crowded;
  }

  /** Takes the value of one `p` tag; a value that is not a public key is nobody's and is passed over. */
  add(value: string): void {
    const key = parseTradePubkey(value);
    if (key === undefined || this.#crowded || this.#keys.includes(key)) return;
    if (this.#keys.length === MAX_RECIPIENTS) this.#crowded = true;
    else this.#keys.push(key);
  }
}

/** The recipients that an event's tags name (NIP-01 `p` tags; every one of them counts, not only the first). */
export function recipientsOf(tags: readonly (readonly string[])[]): Recipients {
  const recipients = new Recipients();
  for (const tag of tags) if (tag[0] === 'p' && tag[1] !== undefined) recipients.add(tag[1]);
  return recipients;
}
