import { describe, expect, test } from 'vitest';

import { FakeClock } from '../../../test/support/fake-clock.ts';
import { TRACE_MS, Traces } from './traces.ts';

describe('a trace', () => {
  test('is of no key until one is named, and then of that key alone', () => {
    const traces = new Traces(new FakeClock().read);
    traces.note(['alice'], 'event seen');
    expect(traces.follow('alice').steps).toEqual([]);
    traces.note(['alice', 'bob'], 'wake sent', 'fcm');
    traces.note(['bob'], 'wake sent');
    expect(traces.follow('alice').steps).toMatchObject([{ step: 'wake sent', detail: 'fcm' }]);
    expect(traces.follow('bob').steps).toEqual([]);
  });

  test('ends 15 minutes after the key was last named, and leaves nothing', () => {
    const clock = new FakeClock();
    const traces = new Traces(clock.read);
    traces.follow('alice');
    traces.note(['alice'], 'event seen');
    clock.advance(TRACE_MS - 1);
    expect(traces.follow('alice').steps).toHaveLength(1);
    clock.advance(TRACE_MS);
    traces.note(['alice'], 'event seen');
    expect(traces.size).toBe(0);
    expect(traces.follow('alice').steps).toEqual([]);
  });

  test('keeps the last 200 steps', () => {
    const traces = new Traces(new FakeClock().read);
    traces.follow('alice');
    for (let n = 0; n < 250; n++) traces.note(['alice'], 'event seen', String(n));
    const { steps } = traces.follow('alice');
    expect([steps.length, steps[0]?.detail]).toEqual([200, '50']);
  });

  test('is of sixteen keys at most: the key that was named longest ago is dropped', () => {
    const traces = new Traces(new FakeClock().read);
    for (let n = 0; n < 16; n++) traces.follow(`key ${n}`);
    traces.note(['key 0', 'key 1'], 'event seen');
    traces.follow('key 0');
    traces.follow('one more');
    expect(traces.size).toBe(16);
    expect(traces.follow('key 0').steps).toHaveLength(1);
    expect(traces.follow('key 1').steps).toEqual([]);
  });
});
