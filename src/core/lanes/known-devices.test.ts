import { expect, test } from 'vitest';

import { KnownDevices } from './known-devices.ts';

test('the device whose delivery was longest ago is forgotten first', () => {
  const known = new KnownDevices(2);
  for (const device of ['a', 'b', 'a', 'c']) known.add(device);
  expect(['a', 'b', 'c'].map((device) => known.has(device))).toEqual([true, false, true]);
});

test('a device that is removed is known no longer', () => {
  const known = new KnownDevices(2);
  known.add('a');
  known.remove('a');
  expect(known.has('a')).toBe(false);
});
