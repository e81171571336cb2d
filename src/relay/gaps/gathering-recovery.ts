import { SECOND_MS } from '../../core/basics/clock.ts';
import type { EventFrame, RecoveryIntake, RelayIntake, Verdict } from '../../core/intake/event-intake.ts';

/** A recovery that takes longer goes on as a further one, so that its wakes do not wait any longer. In milliseconds. */
const LONGEST_MS = 10 * SECOND_MS;
/** The same for an audit: what it brings at a relay with one place is a live event more often than a dropped one. */
const LONGEST_AUDIT_MS = 2 * SECOND_MS;

export interface BegunRecovery {
  readonly intake: RelayIntake;
  readonly isAudit: boolean;
  /** Whether a live event may come as an event of a page. */
  readonly arePagesShared: boolean;
  /** Whether the live subscription has been there since the begin. */
  readonly isSound: () => boolean;
}

/** Begins a recovery that suits the places of the relay. */
export function beginRecovery(begun: BegunRecovery): RecoveryIntake {
  const { arePagesShared, intake, isAudit } = begun;
  return arePagesShared ? new GatheringRecovery(begun) : intake.beginRecovery({ isAudit });
}

/**
 * A recovery at a relay with one place, where a page's event may be a live one. A live event must not be absorbed by a wake that was sent
 * before. So the wakes are gathered, and sent when the recovery ends. A long recovery is made in parts.
 */
class GatheringRecovery implements RecoveryIntake {
  readonly #options: BegunRecovery;
  #part: RecoveryIntake;
  readonly #timer: NodeJS.Timeout;
  /** Resolves when all earlier parts and their wakes have ended. */
  #earlier: Promise<unknown> = Promise.resolve();
  #onWakesEnded: () => void = () => undefined;
  readonly wakesEnded = new Promise<void>((resolve) => (this.#onWakesEnded = resolve));

  constructor(options: BegunRecovery) {
    this.#options = options;
    this.#part = this.#beginPart();
    const longestMs = options.isAudit ? LONGEST_AUDIT_MS : LONGEST_MS;
    this.#timer = setInterval(() => {
      this.#endPart(options.isSound());
      this.#part = this.#beginPart();
    }, longestMs);
  }

  #beginPart(): RecoveryIntake {
    const { intake, isAudit } = this.#options;
    return intake.beginRecovery({ gathers: true, isAudit });
  }

  admit(frame: EventFrame): Verdict | Promise<Verdict> {
    return this.#part.admit(frame);
  }

  end(isSound: boolean): void {
    clearInterval(this.#timer);
    this.#endPart(isSound);
    void this.#earlier.then(this.#onWakesEnded);
  }

  #endPart(isSound: boolean): void {
    const part = this.#part;
    this.#earlier = Promise.all([this.#earlier, part.wakesEnded]);
    part.end(isSound);
  }
}
