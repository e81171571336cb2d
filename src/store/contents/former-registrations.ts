import type { Registration } from '../../core/registry/registration.ts';
import type { TradePubkey } from '../../core/registry/trade-pubkey.ts';

/** What has been replaced or removed in memory and may yet come back, of each key in its order. */
export class FormerRegistrations {
  readonly #held = new Map<TradePubkey, Registration[]>();

  get isEmpty(): boolean {
    return this.#held.size === 0;
  }

  /** What the world was last told of. */
  oldest(tradePubkey: TradePubkey): Registration | undefined {
    return this.#held.get(tradePubkey)?.[0];
  }

  hold(former: Registration): void {
    const held = this.#held.get(former.tradePubkey);
    if (held === undefined) this.#held.set(former.tradePubkey, [former]);
    else held.push(former);
  }

  letGo(former: Registration): void {
    const held = this.#held.get(former.tradePubkey);
    if (held === undefined) return;
    held.splice(held.indexOf(former), 1);
    if (held.length === 0) this.#held.delete(former.tradePubkey);
  }
}
