import type { Schedule } from '../basics/clock.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { TradePubkey } from '../registry/trade-pubkey.ts';

/** The most keys that wait for a tick, half a megabyte. They are some 16 000 calls a second, far more than the rate limits let through. */
const CAPACITY = 4096;
/** The longest wait of a chat message. Wakes begin at the ticks, so their times tell nothing of the time of a call. */
const TICK_MS = 250;
/** The most keys that are looked up in one turn of the event loop. They take well under a millisecond, and then other work has its turn. */
const SLICE = 64;

export interface ChatAnnouncementsOptions {
  readonly schedule: Schedule;
  /** Wakes the key's device, if the key is registered. */
  readonly announce: (tradePubkey: TradePubkey) => Promise<void>;
  readonly onFault: (fault: unknown) => void;
  readonly telemetry: Telemetry;
}

/**
 * The calls of `POST /api/notify`: a bounded ring of trade pubkeys that a tick empties at fixed times. A request only appends its key. The
 * key is looked up after the answer has gone out, so the answer cannot depend on whether the key is registered (contract 1.2).
 */
export class ChatAnnouncements {
  readonly #options: ChatAnnouncementsOptions;
  readonly #ring: (TradePubkey | undefined)[];
  #first = 0;
  #size = 0;
  #cancelTick: (() => void) | undefined;

  /** @param capacity for tests */
  constructor(options: ChatAnnouncementsOptions, capacity = CAPACITY) {
    this.#options = options;
    this.#ring = Array.from({ length: capacity });
  }

  /** Keys that wait for the next tick. */
  get size(): number {
    return this.#size;
  }

  /** Adds a key for the next tick. A full ring loses its oldest key. */
  append(tradePubkey: TradePubkey): void {
    if (this.#size === this.#ring.length) {
      this.#shift();
      this.#options.telemetry.count('chat_announcements_dropped');
    }
    this.#ring[(this.#first + this.#size++) % this.#ring.length] = tradePubkey;
    this.#options.telemetry.count('chat_announcements');
  }

  /** Begins to tick. The ticks come at the same times whether there are keys or not. */
  start(): void {
    this.#tickIn(TICK_MS);
  }

  /** Ends the ticks, and looks up at once the keys that are left. Resolves when all of their wakes have been asked for. */
  async stop(): Promise<void> {
    this.#cancelTick?.();
    const left = Array.from({ length: this.#size }, () => this.#shift());
    await Promise.all(left.map((tradePubkey) => this.#options.announce(tradePubkey)));
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
