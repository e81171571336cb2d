import { Countdown } from '../core/basics/countdown.ts';

/** The end of one attempt's time: when its milliseconds have passed, or when its signal aborts, whichever comes first. */
export class Deadline implements Disposable {
  /** The running deadlines of the same signal. */
  readonly peers: Set<Deadline> | undefined;
  readonly #onEnded: (deadline: Deadline) => void;
  #isOver = false;
  #onOver: (() => void) | undefined;

  /** @param onEnded called when the attempt has ended and the deadline is no longer needed */
  constructor(peers: Set<Deadline> | undefined, onEnded: (deadline: Deadline) => void) {
    this.peers = peers;
    this.#onEnded = onEnded;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Sets the one callback for the end of the time. It replaces an earlier one, and is called at once if the time is over already. */
  whenOver(onOver: () => void): void {
    this.#onOver = onOver;
    if (this.#isOver) onOver();
  }

  /** The time is over: calls back. */
  expire(): void {
    this.#isOver = true;
    this.#onOver?.();
  }

  /** The attempt has ended: nothing is called back any more. */
  [Symbol.dispose](): void {
    this.#onOver = undefined;
    this.#onEnded(this);
  }
}

/**
 * Attempts that end in one turn of the event loop. Hosts that hang began together and end together. To hang up on one takes most of a
 * millisecond, and wakes of other hosts wait meanwhile.
 */
const ENDS_AT_ONCE = 8;

/** The reason of every abort. One error serves all attempts, since each new error records a stack. */
const OVER = new DOMException('The attempt took too long', 'AbortError');

/**
 * Gives every attempt the same time. All attempts share one timer, and all attempts of one signal share one listener: with a timer
 * and a listener for each attempt, these took a tenth of the cost of a push.
 */
export class Deadlines {
  readonly #running: Countdown<Deadline>;
  /** By signal, so that an abort costs only the attempts of that signal. */
  readonly #bySignal = new WeakMap<AbortSignal, Set<Deadline>>();
  readonly #end = (deadline: Deadline): void => {
    this.#running.remove(deadline);
    deadline.peers?.delete(deadline);
  };

  /** @param ms how long every attempt may take, in milliseconds */
  constructor(ms: number) {
    this.#running = new Countdown({
      ms,
      atOnce: ENDS_AT_ONCE,
      schedule,
      monotonic: () => performance.now(),
      onOver: (deadline) => {
        this.#end(deadline);
        deadline.expire();
      },
    });
  }

  /** Begins an attempt. The caller disposes of the deadline when the attempt ends. */
  begin(signal?: AbortSignal): Deadline {
    const peers = signal === undefined ? undefined : this.#deadlinesOf(signal);
    const deadline = new Deadline(peers, this.#end);
    if (signal?.aborted === true) deadline.expire();
    else {
      this.#running.begin(deadline);
      peers?.add(deadline);
    }
    return deadline;
  }

  /** Runs an attempt with a signal of its own, which aborts when the time is over or the outer signal aborts. */
  async run<Result>(outer: AbortSignal, attempt: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    using deadline = this.begin(outer);
    const controller = new AbortController();
    deadline.whenOver(() => controller.abort(OVER));
    return await attempt(controller.signal);
  }

  #deadlinesOf(signal: AbortSignal): Set<Deadline> {
    const known = this.#bySignal.get(signal);
    if (known !== undefined) return known;
    const deadlines = new Set<Deadline>();
    this.#bySignal.set(signal, deadlines);
    signal.addEventListener('abort', () => this.#expireAll(deadlines), { once: true });
    return deadlines;
  }

  #expireAll(deadlines: Set<Deadline>): void {
    for (const deadline of deadlines) {
      this.#end(deadline);
      deadline.expire();
    }
  }
}

/** The timer does not keep the process running: an attempt's socket does. */
function schedule(ms: number, callback: () => void): () => void {
  const timer = setTimeout(callback, Math.ceil(ms)).unref();
  return () => clearTimeout(timer);
}
