import type { Clock } from '../../core/basics/clock.ts';
import type { ComparedEvents, NegotiationRefusal, Negotiations } from './negotiations.ts';

/** What one reconciliation may cost. Beyond that, the relay is asked for pages. */
const MOST_ROUNDS = 5000;
const MOST_BYTES = 128 * 1024 * 1024;

/**
 * How a negotiation ended. `done`: everything was asked about. `lost`: the connection ended. The others are faults of the relay:
 * - a refusal, or `unanswered`: it says nothing for too long.
 * - `rubbish`: its answer is none, or lists far too many ids.
 * - `endless`: it has taken too many rounds, too many bytes, or too much time.
 */
export type NegotiationEnd = 'done' | 'lost' | NegotiationRefusal | 'unanswered' | 'rubbish' | 'endless';

/** What is asked, message by message. */
export interface Compared {
  /** @returns the message to send now; `undefined` if nothing is left to ask about */
  next(): Buffer | undefined;
  /** Takes the relay's answer to the last message. @returns whether it is one */
  take(bytes: Buffer): boolean;
  /** The answer was too long to be read. @returns whether the next message asks for less */
  narrow(): boolean;
}

export interface NegotiateOptions {
  readonly negotiations: Negotiations;
  readonly filter: ComparedEvents;
  readonly compared: Compared;
  /** How long the relay may take for one answer, in milliseconds. */
  readonly answerMs: number;
  /** How long everything may take, in milliseconds. */
  readonly wholeMs: number;
  readonly monotonic: Clock;
  /** Whether to wait after each answer for as long as it took, so that half of the connection stays free. */
  readonly isUnhurried: boolean;
  /** Called with the size of each answer, in bytes. */
  readonly onBytes: (bytes: number) => void;
  /** Aborted when the connection ends. */
  readonly signal: AbortSignal;
}

/** Compares stored events with a relay, message by message (NIP-77). */
export function negotiate(options: NegotiateOptions): Promise<NegotiationEnd> {
  return new Promise((resolve) => new Negotiation(options, resolve).begin());
}

class Negotiation {
  readonly #options: NegotiateOptions;
  readonly #resolve: (end: NegotiationEnd) => void;
  #id = '';
  #patience: NodeJS.Timeout | undefined;
  #pause: NodeJS.Timeout | undefined;
  readonly #begun: number;
  #askedAt: number;
  #rounds = 0;
  #bytes = 0;

  constructor(options: NegotiateOptions, resolve: (end: NegotiationEnd) => void) {
    this.#options = options;
    this.#resolve = resolve;
    this.#begun = options.monotonic();
    this.#askedAt = this.#begun;
  }

  begin(): void {
    const { compared, filter, negotiations, signal } = this.#options;
    const message = compared.next();
    if (signal.aborted) return this.#resolve('lost');
    if (message === undefined) return this.#resolve('done');
    signal.addEventListener('abort', this.#onLost, { once: true });
    this.#id = negotiations.open(filter, message, {
      onMessage: (answer) => this.#onMessage(answer),
      onRefused: (refusal) => this.#end(refusal),
      onTooLong: () => this.#onTooLong(),
    });
    this.#await();
  }

  readonly #onLost = (): void => this.#end('lost');

  #await(): void {
    this.#patience = setTimeout(() => this.#end('unanswered'), this.#options.answerMs);
  }

  #onMessage(answer: string): void {
    const { compared, onBytes } = this.#options;
    clearTimeout(this.#patience);
    // A second answer to the same message.
    if (this.#pause !== undefined) return this.#end('rubbish');
    onBytes(answer.length);
    this.#bytes += answer.length;
    if (!compared.take(Buffer.from(answer, 'hex'))) return this.#end('rubbish');
    this.#next();
  }

  #onTooLong(): void {
    clearTimeout(this.#patience);
    if (this.#pause !== undefined || !this.#options.compared.narrow()) return this.#end('rubbish');
    this.#next();
  }

  #next(): void {
    const { isUnhurried, monotonic, wholeMs } = this.#options;
    const now = monotonic();
    if (++this.#rounds >= MOST_ROUNDS || this.#bytes > MOST_BYTES || now - this.#begun > wholeMs)
      return this.#end('endless');
    // At least until the next turn of the event loop, so that live events go first.
    this.#pause = setTimeout(() => this.#goOn(), isUnhurried ? now - this.#askedAt : 0);
  }

  #goOn(): void {
    const { compared, monotonic, negotiations } = this.#options;
    this.#pause = undefined;
    const message = compared.next();
    if (message === undefined) return this.#end('done');
    this.#askedAt = monotonic();
    negotiations.goOn(this.#id, message);
    this.#await();
  }

  #end(end: NegotiationEnd): void {
    const { negotiations, signal } = this.#options;
    clearTimeout(this.#patience);
    clearTimeout(this.#pause);
    signal.removeEventListener('abort', this.#onLost);
    if (end !== 'lost') negotiations.close(this.#id);
    this.#resolve(end);
  }
}
