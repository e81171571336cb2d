import { expect, test } from 'vitest';

import { HeardMarks } from './heard-marks.ts';

test('the marks of the latest 8192 events are remembered', () => {
  const heard = new HeardMarks();
  const none = heard.all();
  for (let mark = 0; mark < 9000; mark++) heard.note(mark, mark);
  const all = heard.all();
  expect([none.size, all.size, all.has(807), all.has(808), all.has(8999)]).toEqual([
    0,
    8192,
    false,
    true,
    true,
  ]);
});

test('from when on every event is remembered is known, though not to the last event', () => {
  const heard = new HeardMarks();
  const since = [8191, 1, 8191, 1].map((count) => {
    for (let n = 0; n < count; n++) heard.note(n, count * 1000 + n);
    return heard.since;
  });
  expect(since).toEqual([-Infinity, 1000, 1000, 1000]);
});
