import type { Schedule } from '../basics/clock.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { TradePubkey } from '../registry/trade-pubkey.ts';

/** Some 16 000 a second: far more than the limits let anyone send, and half a megabyte. */
const DEFAULT_CAPACITY = 4096;
/** A chat message may wait so long. What a key leads to happens at times that have nothing to do with the request's. */
const TICK_MS = 250;
/** Looked up in one go: well under a millisecond. Then others get their turn. */
const SLICE = 64;

export interface ChatAnnouncementsOptions {
  readonly schedule: Schedule;
  /** Wakes the key's device, if it has one. */
  readonly announce: (tradePubkey: TradePubkey) => Promise<void>;
  readonly onFault: (fault: unknown) => void;
  readonly telemetry: Telemetry;
  readonly capacity?: number;
}

/**
 * What `POST /api/notify` leaves behind: a bounded ring of trade pubkeys that a fixed tick empties. A request only appends,
 * so that its answer cannot depend on whether the key is registered; nobody looks before it is on its way (contract 1.2).
 */
export class ChatAnnouncements {
  readonly #options: ChatAnnouncementsOptions;
  readonly #ring: (TradePubkey | undefined)[];
  #first = 0;
  #size = 0;
  #cancelTick: (() => void) | undefined;

  constructor(options: ChatAnnouncementsOptions) {
    this.#options = options;
    this.#ring = Array.from({ length: options.capacity ?? DEFAULT_CAPACITY });
  }

  /** Keys that wait for the next tick. */
  get size(): number {
    return this.#size;
  }

  /** Takes the key for the next tick. A full ring loses its oldest. */
  append(tradePubkey: TradePubkey): void {
    if (this.#size === this.#ring.length) {
      this.#shift();
      this.#options.telemetry.count('chat_announcements_dropped');
    }
    this.#ring[(this.#first + this.#size++) % this.#ring.length] = tradePubkey;
    this.#options.telemetry.count('chat_announcements');
  }

  /** Begins to tick; it ticks whether there is something or not. */
  start(): void {
    this.#tickIn(TICK_MS);
  }

  /** Ends the ticking. What the ring holds is looked up at once; resolves when every wake of it has begun. */
  async stop(): Promise<void> {
    this.#cancelTick?.();
    const held = Array.from({ length: this.#size }, () => this.#shift());
    await Promise.all(held.map((tradePubkey) => this.#options.announce(tradePubkey)));
  }

  #tickIn(ms: number): void {
    this.#cancelTick = this.#options.schedule(ms, () => this.#drain());
  }

  #drain(): void {
    const { announce, onFault } = this.#options;
    for (let n = Math.min(SLICE, this.#size); n > 0; n--) announce(this.#shift()).catch(onFault);
    this.#tickIn(this.#size > 0 ? 0 : TICK_MS);
  }

  #shift(): TradePubkey {
    const tradePubkey = this.#ring[this.#first] as TradePubkey;
    this.#ring[this.#first] = undefined;
    this.#first = (this.#first + 1) % this.#ring.length;
    this.#size--;
    return tradePubkey;
  }
}
