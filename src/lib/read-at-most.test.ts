import { Readable } from 'node:stream';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { readAtMost } from './read-at-most.ts';

describe('a body of which at most so many bytes are read', () => {
  test('is read whole when it is short enough', async () => {
    expect(await readAtMost(Readable.from([Buffer.from('grü'), Buffer.from('ße')]), 100)).toEqual({
      text: 'grüße',
      isCut: false,
    });
  });

  test('is empty when there is none', async () => {
    expect(await readAtMost(Readable.from([]), 100)).toEqual({ text: '', isCut: false });
  });

  test('is the beginning of what was sent, however that was cut into pieces, and says whether there was more', async () => {
    const chunks = fc.array(
      fc.uint8Array({ maxLength: 20 }).map((bytes) => bytes.map((byte) => byte & 0x7f)),
    );
    await fc.assert(
      fc.asyncProperty(chunks, fc.integer({ min: 1, max: 100 }), async (pieces, max) => {
        const whole = Buffer.concat(pieces);
        const text = whole.subarray(0, max).toString('utf8');
        expect(await readAtMost(Readable.from(pieces), max)).toEqual({ text, isCut: whole.length > max });
      }),
    );
  });

  test('does not ask for more than it needs, and closes what is left', async () => {
    let asked = 0;
    const endless = new Readable({
      highWaterMark: 1,
      read() {
        asked++;
        this.push(Buffer.alloc(10));
      },
    });
    await readAtMost(endless, 25);
    expect(endless.destroyed).toBe(true);
    expect(asked).toBeLessThan(10);
  });

  test('fails as its stream fails', async () => {
    const failing = new Readable({
      read() {
        this.destroy(new Error('reset'));
      },
    });
    await expect(readAtMost(failing, 10)).rejects.toThrow('reset');
  });
});
