import type { Clock } from '../basics/clock.ts';

/** Pauses that are kept: as many as there are lanes at most (`provider-lanes.ts`). */
const MOST_PAUSES = 20_000;

export interface SharedPausesOptions {
  /** Monotonic, in milliseconds. */
  readonly monotonic: Clock;
  /** Tells the other servers of the fleet that a lane pauses for so many milliseconds. */
  readonly tell: (lane: string, ms: number) => void;
}

/** The pauses of lanes in a fleet: where one server is told "too many", no server sends (contract 10). */
export class SharedPauses {
  readonly #options: SharedPausesOptions;
  /** By lane, the end of the pause that another server has told of. */
  readonly #ends = new Map<string, number>();

  constructor(options: SharedPausesOptions) {
    this.#options = options;
  }

  /** A lane of this server pauses. */
  tell(lane: string, ms: number): void {
    this.#options.tell(lane, ms);
  }

  /** Another server has told of a pause. */
  note(lane: string, ms: number): void {
    const now = this.#options.monotonic();
    this.#ends.delete(lane);
    this.#ends.set(lane, now + ms);
    if (this.#ends.size <= MOST_PAUSES) return;
    const [oldest] = this.#ends.keys();
    if (oldest !== undefined) this.#ends.delete(oldest);
  }

  /** How long a lane that is new here has to pause, in milliseconds. */
  leftMs(lane: string): number {
    const end = this.#ends.get(lane);
    if (end === undefined) return 0;
    const leftMs = end - this.#options.monotonic();
    if (leftMs > 0) return leftMs;
    this.#ends.delete(lane);
    return 0;
  }
}
