import { SECOND_MS, type Clock, type Schedule } from '../../core/basics/clock.ts';
import { Fifo } from '../../core/basics/fifo.ts';
import type { EventOfDevice, EventStanding, SharedWake } from '../../core/fleet/wake-share.ts';
import { DOUBTFUL_MS } from './claim-ring.ts';

/** How long the other servers have to tell the engine again what they have, before anything counts as lost. */
const OTHERS_RECALL_MS = 3 * SECOND_MS;
const MOST = 10_000;
/** So many are looked at together. */
const AT_ONCE = 256;

interface HandedWake {
  readonly at: number;
  readonly event: string;
  readonly wake: SharedWake;
}

export interface HandedOnOptions {
  readonly monotonic: Clock;
  readonly schedule: Schedule;
  readonly look: (asked: readonly EventOfDevice[]) => Promise<readonly EventStanding[]>;
  /** Nobody has the wake: the engine lost it on the way. */
  readonly onLost: (event: string, wake: SharedWake) => Promise<void>;
  readonly onFault: (fault: unknown) => void;
}

/** What this server handed to others in the last minute. Until they have read it, only the engine has it. */
export class HandedOn {
  readonly #options: HandedOnOptions;
  #handed = new Fifo<HandedWake>();
  #cancel: (() => void) | undefined;
  /** While a check is due: from which time on a handed wake may be lost. The process may stand still before the check. */
  #doubtfulFrom: number | undefined;
  #isStopped = false;

  constructor(options: HandedOnOptions) {
    this.#options = options;
  }

  note(event: string, wake: SharedWake): void {
    const at = this.#options.monotonic();
    this.#handed.push({ at, event, wake });
    const from = this.#doubtfulFrom ?? at - DOUBTFUL_MS;
    const isOver = (handed: HandedWake): boolean => this.#handed.size > MOST || handed.at < from;
    for (let { first } = this.#handed; first !== undefined && isOver(first); { first } = this.#handed)
      this.#handed.shift();
  }

  /** The engine may have lost handed wakes: after a while, finds those that no server has. */
  checkLater(): void {
    const { onFault, schedule } = this.#options;
    this.#cancel?.();
    if (this.#isStopped) return;
    this.#doubtfulFrom ??= this.#options.monotonic() - DOUBTFUL_MS;
    this.#cancel = schedule(OTHERS_RECALL_MS, () => void this.#check().catch(onFault));
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
  }

  async #check(): Promise<void> {
    const from = this.#doubtfulFrom ?? -Infinity;
    const handed = this.#handed;
    this.#handed = new Fifo();
    this.#doubtfulFrom = undefined;
    let isUnknown = false;
    while (handed.size > 0) {
      const some: HandedWake[] = [];
      for (let next = handed.shift(); next !== undefined; next = handed.shift()) {
        if (next.at >= from) some.push(next);
        if (some.length === AT_ONCE) break;
      }
      const standings = await this.#options.look(
        some.map(({ event, wake }) => ({ event, device: wake.device })),
      );
      await Promise.all(some.map((one, n) => this.#finish(one, standings[n])));
      if (standings.includes('unknown')) isUnknown = true;
    }
    if (isUnknown) this.checkLater();
  }

  async #finish({ event, wake }: HandedWake, standing: EventStanding | undefined): Promise<void> {
    if (standing === 'open') await this.#options.onLost(event, wake);
    // The engine does not answer, or has yet to hear what others have done. And who has the wake may not have dealt with it.
    else if (standing !== 'done') this.note(event, wake);
  }
}
