import { describeError } from '../core/basics/describe-error.ts';
import type { Telemetry } from '../core/telemetry/telemetry.ts';
import { CurveFault, type Curve, type CurveSource } from './curve.ts';
import { answersRightly, findsTheSharedPoint, knowsTheGenuine } from './known-answers.ts';

/** A working library is tested once in so many calls. A test costs as much as four calls. */
const CALLS_PER_TEST = 1024;
/** The message to the operator when the server ends because no library is left. */
const NONE_LEFT =
  'no library verifies signatures as it should; run npm ci again, or install libsecp256k1 (Debian: libsecp256k1-1)';
/** How many times one question is asked, of one library after another, before it is given up. */
const MOST_ATTEMPTS = 8;
/** What can be wrong with a library. */
const FAULTS = ['error', 'wrong answer'] as const;

export interface TestedCurveOptions {
  /** The places of the libraries, the fastest first. */
  readonly sources: readonly CurveSource[];
  readonly telemetry: Telemetry;
  /** Called once, when no library is left and nothing can be verified any more. */
  readonly onExhausted: (fault: CurveFault) => void;
}

/**
 * The fastest library that answers rightly. It is replaced when it no longer does.
 *
 * A question has three outcomes inside: genuine, not genuine, and broken. A library is tested with questions whose answers are known:
 * before it is chosen, after each of its errors, before its "not genuine" is believed, and every {@link CALLS_PER_TEST} calls. A broken
 * library is replaced by the next one, which is asked the same question. So a fault of a library is never an answer about a signature or
 * a token, and the caller does not notice the fault.
 */
export class TestedCurve implements Curve {
  readonly #sources: CurveSource[];
  readonly #telemetry: Telemetry;
  readonly #onExhausted: (fault: CurveFault) => void;
  #curve: Curve;
  #replaced: string | undefined;
  #isExhausted = false;
  #untilTest = CALLS_PER_TEST;

  /** @throws CurveFault when no library answers rightly */
  constructor({ sources, telemetry, onExhausted }: TestedCurveOptions) {
    this.#sources = [...sources];
    this.#telemetry = telemetry;
    this.#onExhausted = onExhausted;
    this.#curve = this.#load();
  }

  get library(): string {
    return this.#curve.library;
  }

  get isNative(): boolean {
    return this.#curve.isNative;
  }

  /** The library that was replaced last, if any. */
  get replaced(): string | undefined {
    return this.#replaced;
  }

  /** Whether no library is left. */
  get isExhausted(): boolean {
    return this.#isExhausted;
  }

  /** @throws CurveFault when no library could tell */
  verifySchnorr(message: Uint8Array, publicKey: Uint8Array, signature: Uint8Array): boolean {
    return this.#ask(
      (curve) => curve.verifySchnorr(message, publicKey, signature),
      (isGenuine, curve) => isGenuine || knowsTheGenuine(curve),
    );
  }

  /** @throws CurveFault when no library could tell */
  sharedPoint(privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array | undefined {
    return this.#ask(
      (curve) => curve.sharedPoint(privateKey, publicKey),
      (point, curve) => point !== undefined || findsTheSharedPoint(curve),
    );
  }

  /** Tests the library, so that a fault is found also in quiet times. Replaces a broken one. */
  test(): void {
    if (this.#isExhausted || answersRightly(this.#curve)) return;
    try {
      this.#replace('wrong answer');
    } catch (error) {
      if (!(error instanceof CurveFault)) throw error; // `onExhausted` has been called.
    }
  }

  #ask<Answer>(
    question: (curve: Curve) => Answer,
    isCredible: (answer: Answer, curve: Curve) => boolean,
  ): Answer {
    let failed: Curve | undefined;
    for (let attempt = 0; attempt < MOST_ATTEMPTS && !this.#isExhausted; attempt++) {
      const curve = this.#curve;
      try {
        const answer = question(curve);
        if (isCredible(answer, curve) && !this.#isFoundWrong(curve)) return answer;
        this.#replace('wrong answer');
      } catch (error) {
        if (error instanceof CurveFault) throw error;
        this.#telemetry.count('curve_faults', { library: curve.library, reason: 'error' });
        this.#telemetry.log('curve.failed', { reason: curve.library, error: describeError(error) });
        // An error may pass. An error that comes again for the same question is a fault, even if the known answers are right.
        if (failed === curve || !answersRightly(curve)) this.#replace('error');
        failed = curve;
      }
    }
    throw new CurveFault('no library could answer');
  }

  /** Tests the library every {@link CALLS_PER_TEST} calls. @returns whether it answered wrongly */
  #isFoundWrong(curve: Curve): boolean {
    if (--this.#untilTest > 0) return false;
    this.#untilTest = CALLS_PER_TEST;
    return !answersRightly(curve);
  }

  /** @throws CurveFault when none is left */
  #replace(reason: (typeof FAULTS)[number]): void {
    const { library } = this.#curve;
    if (reason === 'wrong answer') this.#telemetry.count('curve_faults', { library, reason });
    if (this.#sources[0]?.isRenewable !== true) this.#sources.shift();
    try {
      this.#curve = this.#load();
    } catch (error) {
      if (!(error instanceof CurveFault)) throw error;
      this.#isExhausted = true;
      this.#onExhausted(error);
      throw error;
    }
    this.#untilTest = CALLS_PER_TEST;
    // The replacement of an instance by another of the same library is logged once: a stranger could cause many.
    if (this.#replaced !== library) this.#telemetry.log('curve.replaced', { reason: library });
    this.#replaced = library;
  }

  /** Loads the first library that is there and answers rightly. @throws CurveFault if there is none */
  #load(): Curve {
    for (;;) {
      const [source] = this.#sources;
      if (source === undefined) throw new CurveFault(NONE_LEFT);
      try {
        const curve = source.load();
        for (const reason of FAULTS)
          this.#telemetry.count('curve_faults', { library: curve.library, reason }, 0);
        if (answersRightly(curve)) return curve;
        this.#telemetry.count('curve_faults', { library: curve.library, reason: 'wrong answer' });
        this.#telemetry.log('curve.unfit', { reason: curve.library });
      } catch {
        // The library is not there or lacks a function. The next one is tried.
      }
      this.#sources.shift();
    }
  }
}
