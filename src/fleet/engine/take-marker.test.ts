import { expect, test } from 'vitest';

import { FORMS } from './forms.ts';
import { LastMarker, readMarker, type Marker } from './take-marker.ts';

const check = Buffer.alloc(16, 1);

/** The marker of a database that has counted so many foreign keys. */
function markerWith(count: string): Marker {
  const reply = [check, Buffer.from('1'), Buffer.alloc(16), Buffer.from(count)];
  return readMarker(reply, { check, database: 0, forms: FORMS });
}

test('foreign keys are told of once, from the first marker on, also by a marker that was lost and counts anew', () => {
  const counts: number[] = [];
  const last = new LastMarker((count) => counts.push(count));
  for (const count of ['5', '5', '7', '2', '2']) last.hear(markerWith(count));
  expect(counts).toEqual([2, 2]);
});

test('a count of foreign keys that is no number counts nothing', () => {
  const counts: number[] = [];
  const last = new LastMarker((count) => counts.push(count));
  for (const count of ['', '1e999', '-1', 'foreign', '12345678901234567890']) last.hear(markerWith(count));
  expect(counts).toEqual([]);
});
