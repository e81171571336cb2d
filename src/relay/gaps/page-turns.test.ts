import { expect, test } from 'vitest';

import { PageTurns } from './page-turns.ts';

test('two kinds that ask for page after page take turns, one page at a time', async () => {
  const turns = new PageTurns();
  const order: string[] = [];
  const ask = async (name: string): Promise<void> => {
    for (let n = 0; n < 3; n++)
      await turns.take(async () => {
        order.push(`${name} begins`);
        await Promise.resolve();
        order.push(`${name} ends`);
      });
  };
  await Promise.all([ask('a'), ask('b')]);
  const turn = ['a begins', 'a ends', 'b begins', 'b ends'];
  expect(order).toEqual([...turn, ...turn, ...turn]);
});

test('a page turn that fails rejects for its own caller alone, and the next one has its turn', async () => {
  const turns = new PageTurns();
  const failed = turns.take(() => Promise.reject(new Error('lost')));
  const next = turns.take(() => Promise.resolve('page'));
  await expect(failed).rejects.toThrow('lost');
  expect(await next).toBe('page');
});
