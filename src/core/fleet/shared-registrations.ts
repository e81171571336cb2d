import { deviceOf, type PushTarget } from '../registry/push-target.ts';
import type { TradePubkey } from '../registry/trade-pubkey.ts';
import type { Whereabouts } from '../registry/whereabouts.ts';
import type { KeyWakeContext } from '../waking/key-wake.ts';
import type { WakeShare } from './wake-share.ts';

type AskedRegistrations = KeyWakeContext['registrations'];

/**
 * What wakes ask of registrations in a fleet. A wake that has waited is wanted nowhere if another server has taken it over, because this
 * process was frozen for too long.
 */
export class SharedRegistrations implements AskedRegistrations {
  readonly #asked: AskedRegistrations;
  readonly #share: Pick<WakeShare, 'mayStillSend'>;

  constructor(asked: AskedRegistrations, share: Pick<WakeShare, 'mayStillSend'>) {
    this.#asked = asked;
    this.#share = share;
  }

  whereabouts(target: PushTarget, keys: Iterable<TradePubkey>): Promise<Whereabouts> {
    const may = this.#share.mayStillSend(deviceOf(target));
    if (may === true) return this.#asked.whereabouts(target, keys);
    return this.#whereaboutsIf(may, target, keys);
  }

  renew(woken: PushTarget, keys: Iterable<TradePubkey>): Promise<void> {
    return this.#asked.renew(woken, keys);
  }

  evict(target: PushTarget): Promise<void> {
    return this.#asked.evict(target);
  }

  async #whereaboutsIf(
    may: boolean | Promise<boolean>,
    target: PushTarget,
    keys: Iterable<TradePubkey>,
  ): Promise<Whereabouts> {
    if (await may) return this.#asked.whereabouts(target, keys);
    return { here: undefined, elsewhere: [] };
  }
}
