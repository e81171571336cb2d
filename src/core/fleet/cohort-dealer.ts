import { SECOND_MS, type Schedule } from '../basics/clock.ts';

/** The group whose owner deals all cohorts. No device has this name. */
const GROUP = 'the dealer of cohorts';
/** A new dealer waits until the former one has heard that it is one no more: some beats. */
const WAIT_MS = 3 * SECOND_MS;

export interface CohortDealerOptions {
  /** `WakeShare.owns`. */
  readonly owns: (group: string) => boolean;
  readonly schedule: Schedule;
  /** This server deals from now on. */
  readonly onDealer: () => void;
}

/** Whether this server changes the cohorts, as one of a fleet does: two at once would give one number to two cohorts. */
export class CohortDealer {
  readonly #options: CohortDealerOptions;
  #deals = false;
  #cancel: (() => void) | undefined;

  constructor(options: CohortDealerOptions) {
    this.#options = options;
  }

  get deals(): boolean {
    return this.#deals;
  }

  /** Servers have come or gone. */
  follow(): void {
    const { onDealer, owns, schedule } = this.#options;
    if (!owns(GROUP)) return this.stop();
    this.#cancel ??= schedule(WAIT_MS, () => {
      this.#deals = true;
      onDealer();
    });
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#deals = false;
  }
}
