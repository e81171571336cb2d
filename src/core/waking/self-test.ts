import { SECOND_MS, type Schedule } from '../basics/clock.ts';
import type { Delivery } from '../lanes/delivery.ts';
import type { PushLanes } from '../lanes/push-lanes.ts';
import type { Wake, WakeEnd, Wanted } from '../lanes/wake.ts';
import { deviceOf, isSameDevice, type PushTarget } from '../registry/push-target.ts';
import type { Registration } from '../registry/registration.ts';
import type { Registrations } from '../registry/registrations.ts';
import type { TradePubkey } from '../registry/trade-pubkey.ts';
import type { TracedKeys } from '../telemetry/traces.ts';

/** How long the owner of a key waits for the outcome (contract 1.2). */
const PATIENCE_MS = 10 * SECOND_MS;

/**
 * What became of a test wake (contract 1.2). `queued`: the push service has not taken the wake yet, and the server goes on trying. `gone`:
 * the push service says that the device is no more. `refused`: the push service refuses the wake, or the server cannot reach it at all.
 */
export const TEST_OUTCOMES = ['delivered', 'queued', 'gone', 'refused'] as const;
export type TestOutcome = (typeof TEST_OUTCOMES)[number];

export interface SelfTestOptions {
  readonly registrations: Pick<Registrations, 'find' | 'evict'>;
  readonly lanes: Pick<PushLanes, 'request'>;
  readonly schedule: Schedule;
}

/** Sends a wake to a device because its owner asks for one. It goes straight to the lanes: no wake is held back for it, and it is not held back. */
export class SelfTest {
  readonly #options: SelfTestOptions;

  constructor(options: SelfTestOptions) {
    this.#options = options;
  }

  /** Wakes the device of a registration. @returns the outcome, after ten seconds at the latest */
  run({ target, tradePubkey }: Pick<Registration, 'target' | 'tradePubkey'>): Promise<TestOutcome> {
    const { lanes, registrations, schedule } = this.#options;
    return new Promise((resolve, reject) => {
      const cancel = schedule(PATIENCE_MS, () => resolve('queued'));
      const conclude = (outcome: TestOutcome): void => {
        cancel();
        resolve(outcome);
      };
      const wake = new TestWake(tradePubkey, target, registrations, (delivery) => {
        if (delivery.outcome !== 'retry') conclude(delivery.outcome);
      });
      // An end without an attempt: the wake is owed, or no lane can send it. After an attempt the outcome is known already.
      lanes.request(wake).then((end) => conclude(outcomeOf(end)), reject);
    });
  }
}

function outcomeOf(end: WakeEnd): TestOutcome {
  return end === 'dropped' ? 'refused' : 'queued';
}

/** A wake that a key's owner asked for. It renews no registration, and is on no record: it is wanted while its key points at the device. */
class TestWake implements Wake {
  readonly target: PushTarget;
  readonly device: string;
  readonly kind = 'silent_wake';
  /** A live wake goes first. */
  readonly priority = 'recovered';
  readonly wasHeld = false;
  readonly onAttempt: (delivery: Delivery) => void;
  readonly #key: TradePubkey;
  readonly #registrations: SelfTestOptions['registrations'];
  /** The wake of the same device that the same push answers, if there is one. */
  #other: Wake | undefined;

  constructor(
    key: TradePubkey,
    target: PushTarget,
    registrations: SelfTestOptions['registrations'],
    onAttempt: (delivery: Delivery) => void,
  ) {
    this.#key = key;
    this.target = target;
    this.device = deviceOf(target);
    this.#registrations = registrations;
    this.onAttempt = (delivery) => {
      onAttempt(delivery);
      this.#other?.onAttempt?.(delivery);
    };
  }

  get since(): number {
    return this.#other?.since ?? Infinity;
  }

  get tracedKeys(): TracedKeys {
    const others = this.#other?.tracedKeys ?? [];
    return () => [this.#key, ...(typeof others === 'function' ? others() : others)];
  }

  with(other: Wake): Wake {
    this.#other = this.#other?.with(other) ?? other;
    return this;
  }

  async stillWanted(): Promise<Wanted> {
    const registered = (await this.#registrations.find(this.#key))?.target;
    const here = registered !== undefined && isSameDevice(registered, this.target) ? registered : undefined;
    const others = await this.#other?.stillWanted();
    return { ...others, here: here ?? others?.here };
  }

  async onDelivered(): Promise<void> {
    await this.#other?.onDelivered();
  }

  onGone(): Promise<void> {
    return this.#registrations.evict(this.target);
  }

  onOwed(): boolean {
    return this.#other?.onOwed() ?? false;
  }

  onPaid(): void {
    this.#other?.onPaid();
  }
}
