import type { WakeEnd } from '../lanes/wake.ts';

/**
 * When an event reached us, relative to its subscription:
 * - `live`: after EOSE;
 * - `stored`: before EOSE of the first subscription, at a relay that was reached at the first try after the start: it may
 *   be older than any registration;
 * - a {@link Recovery}: it fell into a gap, which that recovery catches up on.
 */
export type EventOrigin = 'live' | 'stored' | Recovery;

/**
 * The catching up of one relay after a gap. It gives a device at most one wake (contract 2), so it remembers whom it
 * has woken; an event for somebody it has woken already is *absorbed*.
 *
 * An absorbed event must not count as seen while the recovery lasts: one that was published after its device was woken
 * comes once more, live, and then has to wake.
 */
export class Recovery implements Disposable {
  readonly #wakes = new Map<string, Promise<WakeEnd>>();
  readonly #absorbed = new Map<string, Promise<boolean>>();
  #onSettled: () => void = () => undefined;
  /** Resolves when it has ended, and all of its wakes have: until then a restart would have to catch up on the same again. */
  readonly settled = new Promise<void>((resolve) => (this.#onSettled = resolve));
  readonly #onEnd: (absorbed: ReadonlyMap<string, Promise<boolean>>) => void;
  /** Whether what came after a wake came live as well, all the time: else nobody knows, and an absorbed event may wake again. */
  isSound = true;
  #ended = false;
  /** Events that were new here and led to a wake, or were absorbed by one. */
  found = 0;

  /** @param onEnd given the ids of the absorbed events, each with whether it was settled by the wake that absorbed it */
  constructor(onEnd: (absorbed: ReadonlyMap<string, Promise<boolean>>) => void) {
    this.#onEnd = onEnd;
  }

  /** Whether any of these devices (`deviceOf`) has had its wake. */
  hasWoken(devices: readonly string[]): boolean {
    return devices.some((device) => this.#wakes.has(device));
  }

  /** Sends the device its one wake, or joins the one that it was sent. After one that was dropped the next event may try again. */
  async once(device: string, send: () => Promise<WakeEnd>): Promise<WakeEnd> {
    const sent = this.#wakes.get(device);
    if (sent !== undefined) return sent;
    const wake = send();
    this.#wakes.set(device, wake);
    const end = await wake;
    if (end === 'dropped') this.#wakes.delete(device);
    return end;
  }

  /** @param settled whether the wake that absorbs the event settled it */
  absorb(id: string, settled: Promise<boolean>): void {
    this.found++;
    if (this.#ended) this.#onEnd(new Map([[id, settled]]));
    else this.#absorbed.set(id, settled);
  }

  [Symbol.dispose](): void {
    if (this.#ended) return;
    this.#ended = true;
    void Promise.allSettled(this.#wakes.values()).then(this.#onSettled);
    const settled = Promise.resolve(false);
    this.#onEnd(
      this.isSound ? this.#absorbed : new Map([...this.#absorbed.keys()].map((id) => [id, settled])),
    );
  }
}
