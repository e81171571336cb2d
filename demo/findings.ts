import type { MetricsPage } from './metrics-page.ts';
import type { ObservedPhone } from './observed-phone.ts';

/** The facts when the server has ended. */
export interface Outcome {
  readonly phones: readonly ObservedPhone[];
  /** How many events went over the relay that must wake no device. */
  readonly sent: Readonly<Record<'forStrangers' | 'repeated' | 'forged', number>>;
  /** The metrics, read after every event was handled. */
  readonly metrics: MetricsPage;
  readonly exitCode: number | NodeJS.Signals;
  /** The last lines that the server printed. */
  readonly outputTail: string;
  /** All pushes that the push services accepted, for any device. */
  readonly pushCount: number;
  /** The status of each message that Google refused. */
  readonly refusals: readonly number[];
  /** Keys, event ids and contents. No push service may learn them. */
  readonly secrets: readonly string[];
}

/** The figures behind the verdict, and what is wrong with them. */
export class Findings {
  readonly strangers: { readonly seen: number; readonly verified: number };
  readonly repeated: number;
  readonly forged: number;
  /** How many pushes were not caused by an event for their device. */
  readonly uncalledFor: number;
  /** Everything that is wrong, in sentences. Empty means success. */
  readonly problems: readonly string[];
  readonly #outcome: Outcome;

  constructor(outcome: Outcome) {
    this.#outcome = outcome;
    const { metrics, phones, pushCount } = outcome;
    this.strangers = {
      seen: metrics.counter('events_unmatched'),
      // Each event for one of the phones may cost one verification. Every further one was spent on an event for strangers.
      verified: Math.max(0, metrics.counter('events_verified') - metrics.counter('events_matched')),
    };
    this.repeated = metrics.counter('events_duplicate');
    this.forged = metrics.counter('events_rejected', 'reason="forged"');
    this.uncalledFor = pushCount - phones.reduce((sum, { pushesCalledFor }) => sum + pushesCalledFor, 0);
    this.problems = [
      ...this.#aboutPhones(),
      ...this.#aboutTraffic(),
      ...this.#aboutSecrets(),
      ...this.#aboutEnd(),
    ];
  }

  *#aboutPhones(): Iterable<string> {
    for (const { name, publishedAt, pushes } of this.#outcome.phones) {
      yield* difference(`Pushes for ${name}`, pushes.length, publishedAt.length);
    }
  }

  *#aboutTraffic(): Iterable<string> {
    const { sent } = this.#outcome;
    yield* difference('Pushes caused by strangers, repetition or forgery', this.uncalledFor, 0);
    yield* difference('Events dropped as meant for strangers', this.strangers.seen, sent.forStrangers);
    yield* difference('Signatures verified on behalf of strangers', this.strangers.verified, 0);
    yield* difference('Events recognised as repeated', this.repeated, sent.repeated);
    yield* difference('Events rejected as forged', this.forged, sent.forged);
  }

  *#aboutSecrets(): Iterable<string> {
    const { phones, secrets } = this.#outcome;
    for (const { name, pushes } of phones) {
      const told = pushes.map(({ body, envelope }) => body + envelope).join('\n');
      if (secrets.some((secret) => told.includes(secret)))
        yield `The push to ${name} names a key, an event or its content.`;
    }
    if (new Set(phones.flatMap(impersonalBodies)).size > 1)
      yield 'Pushes through FCM differ in more than the token and the time.';
  }

  *#aboutEnd(): Iterable<string> {
    const { exitCode, refusals } = this.#outcome;
    if (refusals.length > 0) yield `Google refused messages, with status ${refusals.join(', ')}.`;
    if (exitCode !== 0) yield `Exit code of the server: ${exitCode} instead of 0.`;
  }
}

function impersonalBodies({ token, through, pushes }: ObservedPhone): string[] {
  if (through !== 'FCM') return [];
  return pushes.map(({ body }) => body.replace(token, '').replace(/"\d{10}"/u, ''));
}

function* difference(what: string, actual: number, expected: number): Iterable<string> {
  if (actual !== expected) yield `${what}: ${actual} instead of ${expected}.`;
}
