import type { Outcome } from './outcome.ts';
import type { Sleeper } from './sleeper.ts';

/** The figures that the verdict rests on, and what is wrong with them. */
export class Findings {
  readonly strangers: { readonly seen: number; readonly verified: number };
  readonly repeated: number;
  readonly forged: number;
  /** Pushes beyond those that there was news for, whatever caused them. */
  readonly uncalledFor: number;
  /** What is not as it should be, in sentences. None means success. */
  readonly problems: readonly string[];
  readonly #outcome: Outcome;

  constructor(outcome: Outcome) {
    this.#outcome = outcome;
    const { metrics, pushes, sleepers } = outcome;
    this.strangers = {
      seen: metrics.counter('events_unmatched'),
      // Each event for a phone of ours may cost one verification; what goes beyond was spent on strangers.
      verified: Math.max(0, metrics.counter('events_verified') - metrics.counter('events_matched')),
    };
    this.repeated = metrics.counter('events_duplicate');
    this.forged = metrics.counter('events_rejected', 'reason="forged"');
    this.uncalledFor = pushes - sleepers.reduce((sum, { calledFor }) => sum + calledFor, 0);
    this.problems = [
      ...this.#aboutPhones(),
      ...this.#aboutTraffic(),
      ...this.#aboutSecrets(),
      ...this.#aboutTheEnd(),
    ];
  }

  *#aboutPhones(): Iterable<string> {
    for (const { name, publishedAt, wakes } of this.#outcome.sleepers) {
      yield* difference(`Pushes for ${name}`, wakes.length, publishedAt.length);
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
    const { sleepers, secrets } = this.#outcome;
    for (const { name, wakes } of sleepers) {
      const told = wakes.map(({ body, envelope }) => body + envelope).join('\n');
      if (secrets.some((secret) => told.includes(secret)))
        yield `The push to ${name} names a key, an event or its content.`;
    }
    if (new Set(sleepers.flatMap(impersonalBodies)).size > 1)
      yield 'Pushes through FCM differ in more than the token and the time.';
  }

  *#aboutTheEnd(): Iterable<string> {
    const { exitCode, refusals } = this.#outcome;
    if (refusals.length > 0) yield `Google refused messages, with status ${refusals.join(', ')}.`;
    if (exitCode !== 0) yield `Exit code of the server: ${exitCode} instead of 0.`;
  }
}

function impersonalBodies({ phone, through, wakes }: Sleeper): string[] {
  if (through !== 'FCM') return [];
  return wakes.map(({ body }) => body.replace(phone.token, '').replace(/"\d{10}"/u, ''));
}

function* difference(what: string, actual: number, expected: number): Iterable<string> {
  if (actual !== expected) yield `${what}: ${actual} instead of ${expected}.`;
}
