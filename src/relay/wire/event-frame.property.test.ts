import fc from 'fast-check';
import { expect, test } from 'vitest';

import { seededDraw } from '../../../test/support/draw.ts';
import { drawMutated, drawTruncated } from '../../../test/support/frames/damaged-frames.ts';
import {
  drawEscaped,
  drawNested,
  drawReordered,
  drawValid,
} from '../../../test/support/frames/drawn-frames.ts';
import type { DrawnFrame, Duty } from '../../../test/support/frames/frame-text.ts';
import { asNostrEvent } from '../../core/nostr/nostr-event.ts';
import { recipientsOf } from '../../core/nostr/recipients.ts';
import { scanEventFrame, type SubscriptionFrame } from './event-frame.ts';
import { readRelayMessage } from './relay-message.ts';

/** Frames by one seed. */
const BATCH = 100;

/** What one frame came to: read by the scan, read by `JSON.parse` after the scan gave it up, or no event for either. */
type Outcome = 'scanned' | 'settled' | 'refused';

interface Reading {
  readonly subscription: unknown;
  readonly id: unknown;
  readonly kind: unknown;
  readonly createdAt: unknown;
  readonly keys: string;
  readonly crowded: boolean;
  /** The whole event; as text, in which -0 is 0. */
  readonly event: string | undefined;
}

/** What `JSON.parse`, which knows nothing of the scan, makes of a frame; `undefined` when it refuses it. */
function parsed(bytes: Buffer): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(bytes.toString('utf8')) };
  } catch {
    return undefined;
  }
}

function isTag(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((part) => typeof part === 'string');
}

function readingOf([, subscription, value]: readonly unknown[]): Reading {
  const { id, kind, created_at: createdAt, tags } = value as Record<string, unknown>;
  hold(Array.isArray(tags) && tags.every(isTag), 'tags that are none were read');
  const { keys, crowded } = recipientsOf(tags);
  const event = JSON.stringify(asNostrEvent(value));
  return { subscription, id, kind, createdAt, keys: keys.join(), crowded, event };
}

function readingIn(frame: SubscriptionFrame): Reading {
  const { subscription, id, kind, createdAt, recipients } = frame;
  const { keys, crowded } = recipients;
  const event = JSON.stringify(asNostrEvent(frame.parse()));
  return { subscription, id, kind, createdAt, keys: keys.join(), crowded, event };
}

function hold(claim: boolean, broken: string): asserts claim {
  if (!claim) throw new Error(broken);
}

function holdSame(actual: Reading, expected: Reading): void {
  const names = Object.keys(expected) as (keyof Reading)[];
  const differing = names.find((name) => actual[name] !== expected[name]);
  if (differing === undefined) return;
  const [ours, theirs] = [actual, expected].map((reading) => JSON.stringify(reading[differing]));
  throw new Error(`${differing} is ${ours} to the server and ${theirs} to JSON.parse`);
}

/** A frame that the scan read. */
function holdScanned(
  frame: SubscriptionFrame,
  json: { readonly value: unknown } | undefined,
  duty: Duty,
): void {
  if (json === undefined) {
    hold(duty === 'agree', 'the scan did not see that the frame is no JSON');
    // The scan does not look into what it skips (`falsetrue`, a control character in the content) and may let it
    // pass. That is allowed for one reason alone: nothing comes of such a frame, since its event does not parse; or all
    // of it does but the content, which nobody can have signed so.
    const event = frame.parse();
    hold(
      event === undefined || event.content === '',
      'JSON.parse refuses the frame, and yet the scan has an event of it',
    );
    return;
  }
  const message = json.value;
  hold(Array.isArray(message) && message.length === 3, 'the scan read what is no array of three');
  hold(message[0] === 'EVENT', 'the scan read another command');
  holdSame(readingIn(frame), readingOf(message));
}

/** Checks what `readRelayMessage` makes of a message that the scan gave up: the same as `JSON.parse`. */
function holdSettled(bytes: Buffer, json: { readonly value: unknown } | undefined): Outcome {
  const answer = readRelayMessage(bytes);
  const said = typeof answer === 'string' ? answer : answer.type;
  if (json === undefined) {
    hold(said === 'not_json', `${said} is said of what JSON.parse refuses`);
    return 'refused';
  }
  const message: unknown[] = Array.isArray(json.value) ? json.value : [];
  const [type, subscription, event] = message;
  if (type !== 'EVENT' || typeof subscription !== 'string' || asNostrEvent(event) === undefined) {
    // A value that merely looks like an event is read as an event that does not parse (`parsed-frame.ts`).
    const isUnsound = typeof answer !== 'string' && answer.type === 'EVENT' && !answer.frame.parse();
    const fitting =
      type === 'EVENT' ? said === 'not_nip01' || isUnsound : said !== 'EVENT' && said !== 'not_json';
    hold(fitting, `${said} is said of what is JSON but no event`);
    return 'refused';
  }
  hold(typeof answer !== 'string' && answer.type === 'EVENT', `${said} is said of an event`);
  holdSame(readingIn(answer.frame), readingOf(message));
  return 'settled';
}

function holdFrame({ bytes, duty }: DrawnFrame): Outcome {
  const json = parsed(bytes);
  const frame = scanEventFrame(bytes);
  if (frame === undefined) {
    hold(duty !== 'read', 'the scan gave up an ordinary frame');
    return holdSettled(bytes, json);
  }
  holdScanned(frame, json, duty);
  // The slower reader agrees. It gives no event where the scan finds one that does not parse.
  const answer = readRelayMessage(bytes);
  if (typeof answer !== 'string' && answer.type === 'EVENT')
    holdSame(readingIn(answer.frame), readingIn(frame));
  else
    hold(
      json === undefined || frame.parse() === undefined,
      'the scan read an event that JSON.parse does not read',
    );
  return 'scanned';
}

/** Every byte as one character, so that `Buffer.from(…, 'latin1')` has the frame again. */
function spelt({ bytes }: DrawnFrame): string {
  return JSON.stringify(bytes.toString('latin1'));
}

/** How many frames of each family, and what share of them must at the least come to what: else nothing is compared. */
const FAMILIES = {
  valid: { draw: drawValid, frames: 10_000, scanned: 0.75, settled: 0.05, refused: 0 },
  mutated: { draw: drawMutated, frames: 35_000, scanned: 0.15, settled: 0.03, refused: 0.4 },
  truncated: { draw: drawTruncated, frames: 15_000, scanned: 0.005, settled: 0.001, refused: 0.8 },
  nested: { draw: drawNested, frames: 15_000, scanned: 0.3, settled: 0.1, refused: 0.15 },
  escaped: { draw: drawEscaped, frames: 20_000, scanned: 0.5, settled: 0.25, refused: 0.003 },
  reordered: { draw: drawReordered, frames: 20_000, scanned: 0.5, settled: 0.1, refused: 0.05 },
} as const;

type Family = keyof typeof FAMILIES;

function holdBatch(family: Family, seed: number, tally: Record<Outcome, number>): void {
  const draw = seededDraw(seed);
  for (let nth = 0; nth < BATCH; nth++) {
    const frame = FAMILIES[family].draw(draw);
    try {
      tally[holdFrame(frame)]++;
    } catch (cause) {
      throw new Error(`${String(cause)}\nin ${family} frame ${nth} of seed ${seed}: ${spelt(frame)}`, {
        cause,
      });
    }
  }
}

test.each(Object.keys(FAMILIES) as Family[])(
  'the server reads what JSON.parse reads in any %s frame',
  (family) => {
    const { frames, scanned, settled, refused } = FAMILIES[family];
    const tally: Record<Outcome, number> = { scanned: 0, settled: 0, refused: 0 };
    fc.assert(
      // Seeds without a bias are hardly ever drawn twice; and a smaller seed makes no smaller frame.
      fc.property(fc.noBias(fc.integer()), (seed) => {
        holdBatch(family, seed, tally);
      }),
      { numRuns: frames / BATCH, endOnFailure: true },
    );
    expect(tally.scanned + tally.settled + tally.refused).toBe(frames);
    expect(tally.scanned).toBeGreaterThanOrEqual(scanned * frames);
    expect(tally.settled).toBeGreaterThanOrEqual(settled * frames);
    expect(tally.refused).toBeGreaterThanOrEqual(refused * frames);
  },
);

test('the server reads what JSON.parse reads in a hundred thousand frames and more', () => {
  const frames = Object.values(FAMILIES).reduce((sum, family) => sum + family.frames, 0);
  expect(frames).toBeGreaterThanOrEqual(100_000);
});
