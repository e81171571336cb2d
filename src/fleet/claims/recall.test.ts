import { expect, test } from 'vitest';

import { Secret } from '../../core/basics/secret.ts';
import type { Engine } from '../engine/engine.ts';
import { FleetNames } from '../engine/names.ts';
import { ClaimRing } from './claim-ring.ts';
import { OpenClaims } from './open-claims.ts';
import { Recall, type RecallOptions } from './recall.ts';

const names = new FleetNames(new Secret(Buffer.alloc(32, 1)));
const WAKE = { device: 'phone', group: 'phone', keys: [], kind: 'silent_wake', isVouched: false } as const;

/** A recall at an engine that answers when the test says so. */
function recallOf(ended: number): {
  readonly recall: Recall;
  readonly answers: (() => void)[];
  readonly failures: ((why: Error) => void)[];
} {
  const done = new ClaimRing(() => 0);
  for (let n = 0; n < ended; n++) done.note(Buffer.alloc(16, n));
  const answers: (() => void)[] = [];
  const failures: ((why: Error) => void)[] = [];
  const engine: Pick<Engine, 'epoch' | 'run'> = {
    epoch: Buffer.of(1),
    run: () =>
      new Promise((resolve, reject) => {
        answers.push(() => resolve(1));
        failures.push(reject);
      }),
  };
  const options: Partial<RecallOptions> = {
    engine: engine as Engine,
    names,
    done,
    dropped: new ClaimRing(() => 0),
    open: new OpenClaims(),
    owed: { writeAll: () => undefined } as unknown as RecallOptions['owed'],
    batches: { flush: () => Promise.resolve() } as unknown as RecallOptions['batches'],
    listener: { running: () => [] },
  };
  return { recall: new Recall(options as RecallOptions), answers, failures };
}

test('a recall has sixteen pieces on their way to the engine at once, and no more', async () => {
  const { answers, recall } = recallOf(512 * 40);
  const all = recall.all();
  for (let answered = 0; answered < 40; answered++) {
    expect(answers.length).toBe(Math.min(40, answered + 16));
    answers[answered]?.();
    await new Promise(setImmediate);
  }
  await all;
});

test('a recall sends no more after a failure', async () => {
  const { answers, failures, recall } = recallOf(512 * 40);
  const all = recall.all();
  failures[3]?.(new Error('the engine is gone'));
  await expect(all).rejects.toThrow('the engine is gone');
  for (const answer of answers) answer();
  await new Promise(setImmediate);
  expect(answers.length).toBe(16);
});

test('a claim that has ended while the engine was asked for it counts as lost to nobody', () => {
  const open = new OpenClaims();
  open.add('event', WAKE, Buffer.of(1));
  const [claim] = open;
  open.take('event', 'phone');
  if (claim !== undefined) open.mark(claim, true);
  expect(open.hasLost).toBe(false);
});
