import { expect, test } from 'vitest';

import { HeardMarks } from './heard-marks.ts';

test('the marks of the latest 8192 events are remembered', () => {
  const heard = new HeardMarks();
  const none = heard.all();
  for (let mark = 0; mark < 9000; mark++) heard.note(mark);
  const all = heard.all();
  expect([none.size, all.size, all.has(807), all.has(808), all.has(8999)]).toEqual([
    0,
    8192,
    false,
    true,
    true,
  ]);
});
