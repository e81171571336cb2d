import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { FakeTelemetry } from '../../test/support/fake-telemetry.ts';
import type { Alarm } from '../core/watch/alarms.ts';
import { AlarmWatch, explained } from './alarm-watch.ts';
import { PastAlarms } from './past-alarms.ts';

const RELAY: Alarm = { alarm: 'relay unreachable', relay: 'r.example', reason: 'ECONNREFUSED' };
const OAUTH: Alarm = { alarm: 'OAuth down', provider: 'fcm' };

function setUp(look = async (): Promise<void> => undefined): {
  telemetry: FakeTelemetry;
  faults: unknown[];
  watch: AlarmWatch;
  tell: (...alarms: Alarm[]) => Promise<void>;
} {
  const telemetry = new FakeTelemetry();
  const faults: unknown[] = [];
  let standing: readonly Alarm[] = [];
  const onFault = (fault: unknown): void => void faults.push(fault);
  const watch = new AlarmWatch(
    { find: () => standing, look, telemetry, onFault, past: new PastAlarms(Date.now) },
    { tickMs: 1000 },
  );
  const tell = async (...alarms: Alarm[]): Promise<void> => {
    standing = alarms;
    await vi.advanceTimersByTimeAsync(1000);
  };
  watch.start();
  return { telemetry, faults, watch, tell };
}

describe('the alarm watch logs', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test('an alarm with a remedy of its own with that one, in place of the usual remedy', async () => {
    const { telemetry, tell } = setUp();
    await tell({ ...RELAY, remedy: 'give a password' });
    expect(telemetry.logged('alarm.warning')).toMatchObject([{ message: 'give a password' }]);
    expect(explained(RELAY).remedy).toMatch(/^check that the relay runs/);
  });

  test('an alarm once when it is raised, with its remedy and level, and once when it ends', async () => {
    const { telemetry, tell } = setUp();
    for (let n = 0; n < 3; n++) await tell(RELAY, OAUTH);
    expect(telemetry.logged('alarm.warning')).toMatchObject([
      { ...RELAY, message: expect.any(String) as string },
    ]);
    expect(telemetry.logged('alarm.raised')).toMatchObject([OAUTH]);
    for (let n = 0; n < 3; n++) await tell();
    expect(telemetry.logged('alarm.cleared')).toEqual([
      { alarm: 'relay unreachable', relay: 'r.example' },
      { alarm: 'OAuth down', provider: 'fcm' },
    ]);
  });

  test('an alarm again for another relay, but not if only the reason changes', async () => {
    const { telemetry, tell } = setUp();
    await tell(RELAY);
    await tell({ ...RELAY, reason: 'ETIMEDOUT' }, { ...RELAY, relay: 'other.example' });
    expect(telemetry.logged('alarm.warning').map(({ relay }) => relay)).toEqual([
      'r.example',
      'other.example',
    ]);
    expect(telemetry.logged('alarm.cleared')).toEqual([]);
  });

  test('nothing after it is stopped', async () => {
    const { telemetry, tell, watch } = setUp();
    watch.stop();
    await tell(OAUTH);
    expect(telemetry.lines).toEqual([]);
    expect(watch.current()).toEqual([OAUTH]);
  });

  test('no alarm if the look itself fails, and reports the fault', async () => {
    const { faults, tell } = setUp(async () => {
      throw new Error('no look');
    });
    await tell();
    expect(faults.length).toBeGreaterThan(0);
  });
});
