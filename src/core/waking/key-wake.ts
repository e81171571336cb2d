import type { LaneBook } from '../lanes/lane-book.ts';
import type { LaneEntry } from '../lanes/lane-entry.ts';
import type { LaneReport } from '../lanes/lane-report.ts';
import { deviceOf, type PushTarget } from '../registry/push-target.ts';
import type { KeysOfDevice, WakeConsequences } from '../registry/whereabouts.ts';
import { worstEnd, type WakeEnd, type WakeRequest } from '../lanes/wake.ts';

/** Takes a wake from the device that it waited for to the device where its keys point by now. */
export type Redirect = (wake: WakeRequest, from: PushTarget) => Promise<WakeEnd>;

export interface MovedKeysParts {
  readonly consequences: Pick<WakeConsequences, 'whereabouts'>;
  readonly redirect: Redirect;
  readonly report: LaneReport;
  readonly book: LaneBook;
}

/** Sends the wakes of a lane after their keys: a key that has been registered with another device is woken there (contract 5). */
export class MovedKeys {
  readonly #parts: MovedKeysParts;

  constructor(parts: MovedKeysParts) {
    this.#parts = parts;
  }

  /**
   * For a wake whose turn has come: looks up where each of its keys points, and hands those that point elsewhere over to wakes of their
   * devices.
   *
   * @returns the wake's own device as it is registered by now; `moved` if all keys that are still registered point elsewhere;
   *   `unregistered` if none is registered
   */
  async look(entry: LaneEntry): Promise<PushTarget | 'moved' | 'unregistered'> {
    const { here, elsewhere } = await this.#parts.consequences.whereabouts(entry.target, entry.keys);
    if (elsewhere.length > 0) this.#handOver(entry, elsewhere);
    return here ?? (elsewhere.length > 0 ? 'moved' : 'unregistered');
  }

  /** The same at once for the wake that waits for the device, if any: its turn may come hours later. */
  async follow(device: string): Promise<void> {
    const { book, consequences } = this.#parts;
    const entry = book.get(device);
    if (entry === undefined) return;
    const { keyCount } = entry;
    const { here, elsewhere } = await consequences.whereabouts(entry.target, entry.keys);
    // If its turn has come meanwhile, its keys have been looked up for that.
    if (elsewhere.length === 0 || book.get(device) !== entry) return;
    // A key that has come meanwhile was not looked up, and may point here.
    const isWhole = entry.keyCount === keyCount;
    this.#handOver(entry, elsewhere);
    if (here !== undefined || !isWhole) return;
    book.remove(entry);
    entry.end('sent');
  }

  #handOver(entry: LaneEntry, elsewhere: readonly KeysOfDevice[]): void {
    const { redirect, report } = this.#parts;
    const { isVouched, kind, since, target: from } = entry;
    const priority = entry.rank === 'live' ? 'live' : 'recovered';
    const ends = elsewhere.map(({ target, keys }) => {
      report.moved(keys);
      const wake = { target, device: deviceOf(target), keys, kind, priority, isVouched } as const;
      return redirect(since === Infinity ? wake : { ...wake, since }, from);
    });
    const moved = elsewhere.flatMap(({ keys }) => keys);
    entry.handOver(moved, Promise.all(ends).then(worstEnd));
  }
}
