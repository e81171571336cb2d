import type { Delivery, Wake } from './delivery.ts';
import { describeError } from './describe-error.ts';
import { Fifo } from './fifo.ts';
import type { PushProvider } from './ports.ts';
import type { PushTarget } from './push-target.ts';
import type { Telemetry } from './telemetry.ts';

export interface PushQueueOptions<Target extends PushTarget> {
  readonly provider: PushProvider<Target>;
  /** Attempts under way at once. */
  readonly concurrency: number;
  /** Wakes that may wait; beyond it a new one is turned away. */
  readonly capacity: number;
  readonly telemetry: Telemetry;
}

interface Waiting<Target> {
  readonly target: Target;
  readonly wake: Wake;
  readonly settle: (delivery: Delivery) => void;
}

/** Whose turn it is where wakes must wait: an event of now before one that was caught up on (contract 2). */
export type WakePriority = 'live' | 'recovered';

/** The lane of one provider: a bounded queue, so many attempts at once, each answered with its delivery. */
export class PushQueue<Target extends PushTarget = PushTarget> implements AsyncDisposable {
  readonly #options: PushQueueOptions<Target>;
  /** The attempts under way: one controller each, since a signal that all shared would gather a listener from every one. */
  readonly #attempts = new Set<AbortController>();
  #stopped = false;
  readonly #waiting: Readonly<Record<WakePriority, Fifo<Waiting<Target>>>> = {
    live: new Fifo(),
    recovered: new Fifo(),
  };
  #idle: (() => void)[] = [];

  constructor(options: PushQueueOptions<Target>) {
    this.#options = options;
  }

  get provider(): Target['type'] {
    return this.#options.provider.name;
  }

  /** Wakes that wait or are under way. */
  get size(): number {
    return this.#waitingCount + this.#attempts.size;
  }

  get #waitingCount(): number {
    return this.#waiting.live.size + this.#waiting.recovered.size;
  }

  /** Resolves, and never rejects, when the attempt is over or could not be made. */
  push(target: Target, wake: Wake, priority: WakePriority = 'live'): Promise<Delivery> {
    if (this.#stopped) return Promise.resolve({ outcome: 'retry', reason: 'stopped' });
    if (this.#waitingCount >= this.#options.capacity) {
      this.#options.telemetry.count('wakes_turned_away', { provider: this.provider });
      return Promise.resolve({ outcome: 'retry', reason: 'queue_full' });
    }
    this.#options.telemetry.count('wakes_queued', { provider: this.provider });
    return new Promise((settle) => {
      this.#waiting[priority].push({ target, wake, settle });
      this.#advance();
    });
  }

  /** Waits until nothing is queued or under way, or until the signal; what is left then is given up. @returns how many that were */
  async drain(signal: AbortSignal): Promise<number> {
    if (this.size > 0 && !signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#idle.push(resolve);
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
    }
    const lost = this.size;
    this.#stopped = true;
    for (const attempt of this.#attempts) attempt.abort();
    for (const { settle } of [...this.#waiting.live.takeAll(), ...this.#waiting.recovered.takeAll()])
      settle({ outcome: 'retry', reason: 'stopped' });
    return lost;
  }

  /** Closes what the provider holds open. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#options.provider[Symbol.asyncDispose]();
  }

  #advance(): void {
    while (this.#attempts.size < this.#options.concurrency) {
      const next = this.#waiting.live.shift() ?? this.#waiting.recovered.shift();
      if (next === undefined) return;
      void this.#attempt(next);
    }
  }

  async #attempt({ target, wake, settle }: Waiting<Target>): Promise<void> {
    const attempt = new AbortController();
    this.#attempts.add(attempt);
    try {
      settle(this.#counted(await this.#options.provider.send(target, wake, attempt.signal)));
    } catch (fault) {
      // A provider answers, it does not throw. If one does, that is our mistake and not the device's.
      this.#options.telemetry.log('provider.fault', {
        provider: this.provider,
        error: describeError(fault),
      });
      settle(this.#counted({ outcome: 'retry', reason: 'provider_fault' }));
    }
    this.#attempts.delete(attempt);
    this.#advance();
    if (this.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  #counted(delivery: Delivery): Delivery {
    this.#options.telemetry.count('pushes', { provider: this.provider, outcome: delivery.outcome });
    return delivery;
  }
}
