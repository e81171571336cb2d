import { expect, test } from 'vitest';

import { fcmTarget, tradeKey } from '../../test/support/registrations.ts';
import { laneBench, CONFIRM_MS, DELIVERED, GONE } from '../../test/support/lane-bench.ts';
import type { DeviceWindow } from '../core/waking/device-window.ts';
import { deviceOf } from '../core/registry/push-target.ts';
import { decodeWindows, encodeWindows } from '../fleet/claims/window-codec.ts';
import { payLeft, windowsLeft } from './next-owner.ts';

const TARGET = fcmTarget('phone');
const DEVICE = deviceOf(TARGET);
const OWED = { target: TARGET, kind: 'silent_wake', keys: [tradeKey(1)] } as const;
const COUNTED: DeviceWindow = { track: 'chat', phase: 'counted', ms: 5000 };

/** One server of a fleet, as far as its lanes go. */
function server() {
  const bench = laneBench();
  const resumed: DeviceWindow[] = [];
  const lanes = {
    restMs: () => 0,
    suspicionOf: () => bench.lanes.judgeOf(TARGET)?.suspicionOf(DEVICE),
    resumeSuspicion: (_target: unknown, device: string, ms: number) =>
      bench.lanes.judgeOf(TARGET, true)?.resumeSuspicion(device, ms),
  };
  const waker = {
    windowsOf: () => [COUNTED],
    continueWindows: (_device: string, windows: readonly DeviceWindow[]) => void resumed.push(...windows),
    payOwed: async () => void bench.ask('phone'),
  };
  return { ...bench, parts: { lanes, waker }, resumed };
}

test.each([
  ['evicted', CONFIRM_MS, ['phone']],
  ['a suspect still, if that is too soon,', CONFIRM_MS - 1, []],
])(
  'a device that was called gone once at a server that ends is %s at its next strike at another one',
  async (_what, afterMs, expected) => {
    const [first, second] = [server(), server()];
    expect(windowsLeft(DEVICE, OWED, first.parts)).toEqual([COUNTED]);
    void first.ask('phone');
    await first.answer(GONE);
    await first.schedule.advance(afterMs);
    expect(windowsLeft(DEVICE, undefined, first.parts)).toEqual([COUNTED]);
    // As the engine keeps them.
    const left = decodeWindows(encodeWindows(windowsLeft(DEVICE, OWED, first.parts)));
    void second.ask('other');
    await second.answer(DELIVERED);
    await payLeft(OWED, left, second.parts);
    expect(second.resumed).toEqual(left);
    await second.answer(GONE);
    expect(second.evicted).toEqual(expected);
  },
);
