import { expect, test } from 'vitest';

import { FakeClock } from '../../../test/support/fake-clock.ts';
import { ClaimRing } from './claim-ring.ts';

function nameOf(number: number): Buffer {
  const name = Buffer.alloc(16);
  name.writeUInt32BE(number, 6);
  return name;
}

/** The numbers of the names in these pieces. */
function numbersIn(pieces: Iterable<Buffer>): number[] {
  const numbers: number[] = [];
  for (const piece of pieces)
    for (let at = 0; at < piece.length; at += 16) numbers.push(piece.readUInt32BE(at + 6));
  return numbers;
}

function upTo(first: number, end: number): number[] {
  return Array.from({ length: end - first }, (_, index) => first + index);
}

test('everything that was noted comes back in pieces, in order', () => {
  const ring = new ClaimRing(new FakeClock().read);
  expect([...ring.all(100)]).toEqual([]);
  for (let number = 0; number < 10_000; number++) ring.note(nameOf(number));
  const pieces = [...ring.all(100)];
  expect(Math.max(...pieces.map(({ length }) => length))).toBe(1600);
  expect(numbersIn(pieces)).toEqual(upTo(0, 10_000));
});

test('of more than are remembered the latest come back', () => {
  const ring = new ClaimRing(new FakeClock().read, 10_000);
  for (let number = 0; number < 25_000; number++) ring.note(nameOf(number));
  expect(numbersIn(ring.all(512))).toEqual(upTo(15_000, 25_000));
});

test('the recent ones are those of the last minute, and few older ones', () => {
  const clock = new FakeClock();
  const ring = new ClaimRing(clock.read);
  for (let number = 0; number < 200; number++) {
    ring.note(nameOf(number));
    clock.advance(1000);
  }
  const recent = numbersIn(ring.recent(512));
  expect(recent).toEqual(expect.arrayContaining(upTo(141, 200)));
  expect(recent.length).toBeLessThan(65);
  clock.advance(120_000);
  expect(numbersIn(ring.recent(512))).toEqual([]);
});

test('what is noted while it is read is not read twice, and what was overwritten meanwhile is left out', () => {
  const ring = new ClaimRing(new FakeClock().read, 10_000);
  for (let number = 0; number < 1000; number++) ring.note(nameOf(number));
  const reading = ring.all(100);
  const first = reading.next().value as Buffer;
  for (let number = 1000; number < 15_000; number++) ring.note(nameOf(number));
  const rest = numbersIn(reading);
  expect(numbersIn([first])).toEqual(upTo(0, 100));
  expect(rest).toEqual(upTo(5000, 15_000));
});
