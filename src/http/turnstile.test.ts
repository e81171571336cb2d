import { setImmediate } from 'node:timers/promises';

import { expect, test } from 'vitest';

import { Turnstile } from './turnstile.ts';

test.each([
  { perTurn: 2, after: [2, 4, 5] },
  { perTurn: 3, after: [3, 5, 5] },
])(
  'a burst of registrations is admitted in its order, $perTurn in each turn of the event loop',
  async ({ perTurn, after }) => {
    const turnstile = new Turnstile(() => perTurn);
    const through: number[] = [];
    const all = [1, 2, 3, 4, 5].map((n) => turnstile.enter().then(() => through.push(n)));
    const seen: number[] = [];
    for (let turn = 0; turn < 3; turn++) {
      await setImmediate();
      seen.push(through.length);
    }
    await Promise.all(all);
    expect(seen).toEqual(after);
    expect(through).toEqual([1, 2, 3, 4, 5]);
  },
);

test('fewer registrations are admitted in a turn while wakes are under way', async () => {
  const perTurn = [3, 1, 1];
  const turnstile = new Turnstile(() => perTurn.shift() ?? 9);
  let through = 0;
  const all = [1, 2, 3, 4, 5, 6].map(() => turnstile.enter().then(() => through++));
  const seen: number[] = [];
  for (let turn = 0; turn < 4; turn++) {
    await setImmediate();
    seen.push(through);
  }
  await Promise.all(all);
  expect(seen).toEqual([3, 4, 5, 6]);
});

test('a registration that comes when no other waits is admitted in the next turn', async () => {
  const turnstile = new Turnstile(() => 2);
  await turnstile.enter();
  await turnstile.enter();
});

test('ten thousand registrations may wait; the next is refused for a second, and the ten thousand are admitted', async () => {
  const turnstile = new Turnstile(() => 2);
  const all = Array.from({ length: 10_000 }, () => turnstile.enter());
  const refused = await turnstile.enter().catch((error: unknown) => error);
  expect(refused).toMatchObject({
    statusCode: 429,
    message: 'rate limited',
    headers: { 'retry-after': '1' },
  });
  await Promise.all(all);
  await turnstile.enter();
});
