import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { Fifo } from './fifo.ts';

describe('a queue', () => {
  test('that is empty gives undefined', () => {
    const fifo = new Fifo<number>();
    expect([fifo.shift(), fifo.size]).toEqual([undefined, 0]);
  });

  test('gives back items in the order in which they were pushed, as an array would', () => {
    const steps = fc.array(fc.constantFrom('push', 'push', 'shift'), { maxLength: 200 });
    fc.assert(
      fc.property(steps, (some) => {
        const fifo = new Fifo<number>();
        const model: number[] = [];
        for (const [n, step] of some.entries()) {
          if (step === 'push') {
            fifo.push(n);
            model.push(n);
          } else expect(fifo.shift()).toBe(model.shift());
          expect(fifo.size).toBe(model.length);
        }
      }),
    );
  });

  test('can contain undefined', () => {
    const fifo = new Fifo<undefined>();
    fifo.push(undefined);
    expect(fifo.size).toBe(1);
    fifo.shift();
    expect(fifo.size).toBe(0);
  });

  test('gives back two hundred thousand items one by one, for which an array is too slow', () => {
    const fifo = new Fifo<number>();
    for (let n = 0; n < 200_000; n++) fifo.push(n);
    let inOrder = 0;
    while (fifo.shift() === inOrder) inOrder++;
    expect(inOrder).toBe(200_000);
  });
});

test('a queue that is empty keeps none of the items that were taken from it', async () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const fifo = new Fifo<object>();
  const taken = Array.from({ length: 100 }, () => {
    fifo.push({});
    return new WeakRef(fifo.shift() as object);
  });
  // A weak reference keeps its target until the present job is over.
  await new Promise((resolve) => setImmediate(resolve));
  collectGarbage();
  expect(taken.filter((reference) => reference.deref() !== undefined)).toEqual([]);
  expect(fifo.size).toBe(0);
});
