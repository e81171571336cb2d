import { MINUTE_MS, type Clock } from '../../core/basics/clock.ts';
import { Fifo } from '../../core/basics/fifo.ts';
import type { EventStanding, SharedWake } from '../../core/fleet/wake-share.ts';

/** An engine that lost its last writes lost no older ones than these. */
const DOUBTFUL_MS = MINUTE_MS;
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
  readonly look: (event: string, devices: readonly string[]) => Promise<readonly EventStanding[]>;
  /** Nobody has the wake: the engine lost it on the way. */
  readonly onLost: (event: string, wake: SharedWake) => Promise<void>;
}

/** What this server handed to others in the last minute. Until they have read it, only the engine has it. */
export class HandedOn {
  readonly #options: HandedOnOptions;
  #handed = new Fifo<HandedWake>();

  constructor(options: HandedOnOptions) {
    this.#options = options;
  }

  note(event: string, wake: SharedWake): void {
    const at = this.#options.monotonic();
    this.#handed.push({ at, event, wake });
    const isOver = ({ at: handedAt }: HandedWake): boolean =>
      this.#handed.size > MOST || at - handedAt > DOUBTFUL_MS;
    for (let { first } = this.#handed; first !== undefined && isOver(first); { first } = this.#handed)
      this.#handed.shift();
  }

  /** The engine may have lost something: finds what nobody has. */
  async check(): Promise<void> {
    const from = this.#options.monotonic() - DOUBTFUL_MS;
    const handed = this.#handed;
    this.#handed = new Fifo();
    while (handed.size > 0) {
      const some: HandedWake[] = [];
      for (let next = handed.shift(); next !== undefined; next = handed.shift()) {
        if (next.at >= from) some.push(next);
        if (some.length === AT_ONCE) break;
      }
      await Promise.all(some.map((one) => this.#checkOne(one)));
    }
  }

  async #checkOne({ event, wake }: HandedWake): Promise<void> {
    const [standing] = await this.#options.look(event, [wake.device]);
    if (standing === 'open') await this.#options.onLost(event, wake);
    // Asked again after the outage that goes on.
    else if (standing === 'unknown') this.note(event, wake);
  }
}
