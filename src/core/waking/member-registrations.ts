import type { CohortBook } from '../cohorts/cohort-book.ts';
import { deviceOf, type PushTarget } from '../registry/push-target.ts';
import type { Registrations } from '../registry/registrations.ts';
import type { TradePubkey } from '../registry/trade-pubkey.ts';
import type { Whereabouts } from '../registry/whereabouts.ts';
import type { KeyWakeContext } from './key-wake.ts';

type AskedRegistrations = KeyWakeContext['registrations'];

export interface MemberRegistrationsOptions {
  readonly registrations: Pick<Registrations, 'whereabouts' | 'renew' | 'evict' | 'device'>;
  readonly book: Pick<CohortBook, 'member'>;
  /** Resolves in a later turn of the event loop. */
  readonly turn: () => Promise<void>;
}

/**
 * What wakes ask of registrations where there are cohorts. A wake for a member is wanted for as long as the device is a member, whether it
 * is for a key or covers others. Both kinds take the same time: the answer about a member comes a turn of the event loop later, and its
 * keys are renewed a turn later. Otherwise a wake with keys would leave after the cover wakes whose turn came together with its own.
 */
export class MemberRegistrations implements AskedRegistrations {
  readonly #options: MemberRegistrationsOptions;

  constructor(options: MemberRegistrationsOptions) {
    this.#options = options;
  }

  async whereabouts(target: PushTarget, keys: Iterable<TradePubkey>): Promise<Whereabouts> {
    const { book, registrations, turn } = this.#options;
    const device = deviceOf(target);
    if (book.member(device) === undefined) return registrations.whereabouts(target, keys);
    const [{ elsewhere, here }] = await Promise.all([registrations.whereabouts(target, keys), turn()]);
    const isMember = book.member(device) !== undefined;
    return { here: isMember ? registrations.device(target).target : here, elsewhere };
  }

  async renew(woken: PushTarget, keys: Iterable<TradePubkey>): Promise<void> {
    const { book, registrations, turn } = this.#options;
    if (book.member(deviceOf(woken)) === undefined) return registrations.renew(woken, keys);
    void turn().then(() => registrations.renew(woken, keys));
  }

  evict(target: PushTarget): Promise<void> {
    return this.#options.registrations.evict(target);
  }
}
