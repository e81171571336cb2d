import type { Registration } from '../../core/registry/registration.ts';
import { KEY_DIGITS, parseTradePubkey, type TradePubkey } from '../../core/registry/trade-pubkey.ts';

/**
 * Registrations that `put` or `remove` has replaced or removed in memory, until that change is durable or undone. A key has
 * several when it changes again before the first change is durable.
 */
export class FormerRegistrations {
  readonly #byKey = new Map<TradePubkey, Registration[]>();

  get isEmpty(): boolean {
    return this.#byKey.size === 0;
  }

  /** The last durable registration of the key, where a later change is not durable yet: what look-ups answer with. */
  oldest(tradePubkey: TradePubkey): Registration | undefined {
    return this.#byKey.get(tradePubkey)?.[0];
  }

  /** The same for the key whose 64 hex digits begin at byte `from` of a frame. */
  oldestAt(text: Uint8Array, from: number): Registration | undefined {
    if (this.isEmpty) return undefined;
    const digits = Buffer.from(text.subarray(from, from + KEY_DIGITS)).toString('latin1');
    const tradePubkey = parseTradePubkey(digits);
    return tradePubkey && this.oldest(tradePubkey);
  }

  retain(former: Registration): void {
    const formers = this.#byKey.get(former.tradePubkey);
    if (formers === undefined) this.#byKey.set(former.tradePubkey, [former]);
    else formers.push(former);
  }

  release(former: Registration): void {
    const formers = this.#byKey.get(former.tradePubkey);
    if (formers === undefined) return;
    formers.splice(formers.indexOf(former), 1);
    if (formers.length === 0) this.#byKey.delete(former.tradePubkey);
  }
}
