import { expect, test } from 'vitest';

import { KnownDevices } from './known-devices.ts';

test('the device whose delivery was longest ago is forgotten first', () => {
  const known = new KnownDevices(2);
  for (const device of ['a', 'b', 'a', 'c']) known.note(device, true);
  expect(['a', 'b', 'c'].map((device) => known.has(device))).toEqual([true, false, true]);
  known.note('a', false);
  expect(known.has('a')).toBe(false);
});

test('no device is known where none is to be remembered', () => {
  const known = new KnownDevices(0);
  known.note('a', true);
  expect(known.has('a')).toBe(false);
});
