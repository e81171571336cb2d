import { expect, test } from 'vitest';

import { KnownDevices } from './known-devices.ts';

test('the known device with the oldest delivery is left out first', () => {
  const known = new KnownDevices(2);
  for (const device of ['a', 'b', 'a', 'c']) known.add(device);
  expect(['a', 'b', 'c'].map((device) => known.has(device))).toEqual([true, false, true]);
});

test('a known device that is removed is not known any more', () => {
  const known = new KnownDevices(2);
  known.add('a');
  known.remove('a');
  expect(known.has('a')).toBe(false);
});
