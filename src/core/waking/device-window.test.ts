import { expect, test } from 'vitest';

import { withRest, type DeviceWindow } from './device-window.ts';

const COUNTED: DeviceWindow = { track: 'unvouched', phase: 'counted', ms: 5 };
const COOLDOWN: DeviceWindow = { track: 'unvouched', phase: 'cooldown', ms: 60_000 };

test('a device that is to be left alone is woken on no track before that, nor before its cooldown is over', () => {
  expect(withRest([COUNTED, COOLDOWN], 0)).toEqual([COUNTED, COOLDOWN]);
  expect(withRest([COUNTED, COOLDOWN], 30_000)).toEqual([
    COUNTED,
    COOLDOWN,
    { track: 'vouched', phase: 'window', ms: 30_000 },
    { track: 'chat', phase: 'window', ms: 30_000 },
  ]);
  expect(withRest([COUNTED, COOLDOWN], 90_000)).toEqual([
    COUNTED,
    ...(['vouched', 'unvouched', 'chat'] as const).map((track) => ({ track, phase: 'window', ms: 90_000 })),
  ]);
});
