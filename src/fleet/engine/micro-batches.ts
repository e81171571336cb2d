import { Fifo } from '../../core/basics/fifo.ts';
import type { Connection, Request } from './connection.ts';
import { deadline, runningTime } from './deadline.ts';
import { EngineUnavailable } from './engine-errors.ts';

export interface BatchTiming {
  /** The least time between two batches, in milliseconds. */
  readonly gatherMs: number;
  /** How long an answer may take, in milliseconds. */
  readonly answerLimitMs: number;
}

/** As soon as so many commands wait, they are sent. */
const FULL = 256;
/** So many commands may wait or be unanswered. An engine that answers in time is far from it. */
const MOST = 65_536;

/** Why a command beyond the bound is refused. */
export const TOO_MUCH = 'it has too much to do';

/** Commands that are sent together. */
interface Batch {
  /** By the clock of the time in which this process ran. */
  readonly dueAt: number;
  unanswered: number;
}

/**
 * Sends the commands of a connection in small batches: each batch costs a system call and an event, which is more than what a command
 * costs. A command that comes alone goes out at once; under load commands wait for the next batch. They are sent, and answered, in
 * the order in which they came.
 */
export class MicroBatches {
  readonly #connection: Connection;
  readonly #timing: BatchTiming;
  readonly #onLate: () => void;
  readonly #sent = new Fifo<Batch>();
  readonly #running = runningTime();
  #waiting: Request[] = [];
  #unanswered = 0;
  #lastSentAt = -Infinity;
  #cancelSending: (() => void) | undefined;
  #cancelDeadline: (() => void) | undefined;

  /** @param onLate called once when an answer has not come in time */
  constructor(connection: Connection, timing: BatchTiming, onLate: () => void) {
    this.#connection = connection;
    this.#timing = timing;
    this.#onLate = onLate;
  }

  add(request: Request): void {
    if (this.#waiting.length + this.#unanswered >= MOST) {
      request.reject(new EngineUnavailable(TOO_MUCH));
      return;
    }
    this.#waiting.push(request);
    if (this.#waiting.length >= FULL) this.#send();
    else this.#cancelSending ??= this.#sendLater();
  }

  /** Fails what waits. What was sent fails when its connection is closed. */
  close(reason: string): void {
    this.#cancelSending?.();
    this.#cancelDeadline?.();
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const request of waiting) request.reject(new EngineUnavailable(reason));
  }

  /** After everything that happens in this turn of the event loop, at the earliest: one event often brings several commands. */
  #sendLater(): () => void {
    const waitMs = this.#lastSentAt + this.#timing.gatherMs - performance.now();
    if (waitMs > 0) {
      const timer = setTimeout(() => this.#send(), waitMs);
      return () => clearTimeout(timer);
    }
    const immediate = setImmediate(() => this.#send());
    return () => clearImmediate(immediate);
  }

  #send(): void {
    this.#cancelSending?.();
    this.#cancelSending = undefined;
    const requests = this.#waiting;
    this.#waiting = [];
    this.#lastSentAt = performance.now();
    const batch: Batch = {
      dueAt: this.#running() + this.#timing.answerLimitMs,
      unanswered: requests.length,
    };
    this.#sent.push(batch);
    this.#unanswered += requests.length;
    if (this.#cancelDeadline === undefined) this.#wait(this.#timing.answerLimitMs);
    this.#connection.send(requests, () => this.#onAnswer(batch));
  }

  #onAnswer(batch: Batch): void {
    this.#unanswered -= 1;
    batch.unanswered -= 1;
    // Answers come in order, so the batch is the oldest one.
    if (batch.unanswered === 0) this.#sent.shift();
  }

  #onDeadline(): void {
    this.#cancelDeadline = undefined;
    const oldest = this.#sent.first;
    if (oldest === undefined) return;
    const leftMs = oldest.dueAt - this.#running();
    if (leftMs > 0) this.#wait(leftMs);
    else this.#onLate();
  }

  #wait(ms: number): void {
    this.#cancelDeadline = deadline(ms, () => this.#onDeadline(), this.#running);
  }
}
