import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { negotiate, type Compared, type NegotiationEnd } from './negotiate.ts';
import { Negotiations } from './negotiations.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Asks `rounds` times, and takes every answer that is not empty. */
class Asking implements Compared {
  #left: number;

  constructor(rounds: number) {
    this.#left = rounds;
  }

  next(): Buffer | undefined {
    return this.#left-- > 0 ? Buffer.from('61', 'hex') : undefined;
  }

  take(bytes: Buffer): boolean {
    return bytes.length > 0;
  }

  narrow(): boolean {
    return false;
  }
}

type Answer = (negotiations: Negotiations, id: string) => void;

/** @returns how it ended, and what was sent, after so much time */
async function negotiated(answer: Answer, { rounds = 3, ms = 0 } = {}) {
  const sent: string[] = [];
  const ends: NegotiationEnd[] = [];
  const connection = new AbortController();
  const negotiations: Negotiations = new Negotiations(
    ([type, id]) => {
      sent.push(String(type));
      if (type !== 'NEG-CLOSE') queueMicrotask(() => answer(negotiations, String(id)));
    },
    () => 'id',
  );
  const end = negotiate({
    negotiations,
    filter: { kinds: [1059], since: 0 },
    compared: new Asking(rounds),
    answerMs: 1000,
    wholeMs: 60_000,
    monotonic: Date.now,
    isUnhurried: false,
    onBytes: () => undefined,
    signal: connection.signal,
  });
  void end.then((how) => ends.push(how));
  await vi.advanceTimersByTimeAsync(ms);
  return { ends, sent, negotiations, connection };
}

const message =
  (text: string): Answer =>
  (negotiations, subscription) =>
    void negotiations.receive({ type: 'NEG-MSG', subscription, message: text });

const refusal =
  (how: 'blocked' | 'closed' | 'other'): Answer =>
  (negotiations, subscription) =>
    void negotiations.receive({ type: 'NEG-ERR', subscription, refusal: how });

test('a negotiation goes on until nothing is left to ask, and is closed at the relay', async () => {
  const { ends, sent } = await negotiated(message('61'), { ms: 10 });
  expect([ends, sent]).toEqual([['done'], ['NEG-OPEN', 'NEG-MSG', 'NEG-MSG', 'NEG-CLOSE']]);
});

test.each(['blocked', 'closed', 'other'] as const)('a refusal (%s) ends it', async (how) => {
  const { ends, sent } = await negotiated(refusal(how), { ms: 1 });
  expect([ends, sent]).toEqual([[how], ['NEG-OPEN']]);
});

test('a NOTICE, or a CLOSED, counts as a refusal of the first message, and of no other', async () => {
  for (const answer of [
    (negotiations: Negotiations) => void negotiations.onNotice(),
    (negotiations: Negotiations, id: string) => void negotiations.onClosed(id),
  ])
    expect((await negotiated(answer, { ms: 1 })).ends).toEqual(['other']);
  const { negotiations } = await negotiated(message('61'), { rounds: 99, ms: 1 });
  expect([negotiations.isUnanswered, negotiations.onNotice()]).toEqual([false, false]);
});

test('rubbish, silence, a second answer, and an answer that is too long to be read end it', async () => {
  expect((await negotiated(message(''), { ms: 1 })).ends).toEqual(['rubbish']);
  expect((await negotiated(() => undefined, { ms: 999 })).ends).toEqual([]);
  expect((await negotiated(() => undefined, { ms: 1000 })).ends).toEqual(['unanswered']);
  const twice: Answer = (negotiations, id) => [1, 2].forEach(() => message('61')(negotiations, id));
  expect((await negotiated(twice, { ms: 1 })).ends).toEqual(['rubbish']);
  expect((await negotiated((negotiations, id) => negotiations.onTooLong(id), { ms: 1 })).ends).toEqual([
    'rubbish',
  ]);
});

test('it is bounded in rounds, in bytes and in time', async () => {
  const many = await negotiated(message('61'), { rounds: Infinity, ms: 20_000 });
  expect([many.ends, many.sent.length]).toEqual([['endless'], 5001]);
  const long = await negotiated(message('61'.repeat(4 * 1024 * 1024)), { rounds: Infinity, ms: 100 });
  expect([long.ends, long.sent.length]).toEqual([['endless'], 18]);
  const slow: Answer = (negotiations, id) => void setTimeout(() => message('61')(negotiations, id), 900);
  const late = await negotiated(slow, { rounds: Infinity, ms: 62_000 });
  expect([late.ends, late.sent.length < 70]).toEqual([['endless'], true]);
});

test('the end of the connection ends it, and nothing more is sent', async () => {
  const { connection, sent } = await negotiated(() => undefined);
  connection.abort();
  await vi.advanceTimersByTimeAsync(2000);
  expect(sent).toEqual(['NEG-OPEN']);
});

test('an answer that comes too late is expected once, and closed at the relay', async () => {
  const { negotiations, sent } = await negotiated(() => undefined, { ms: 1000 });
  const late = { type: 'NEG-MSG', subscription: 'id', message: '61' } as const;
  expect([negotiations.receive(late), negotiations.receive(late)]).toEqual([true, false]);
  expect(sent).toEqual(['NEG-OPEN', 'NEG-CLOSE', 'NEG-CLOSE']);
});
