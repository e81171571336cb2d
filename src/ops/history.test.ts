import { describe, expect, test } from 'vitest';

import { FakeClock } from '../../test/support/fake-clock.ts';
import { MINUTE_MS } from '../core/basics/clock.ts';
import { History } from './history.ts';

describe('the history of the last hour', () => {
  test('has sixty minutes, the current one last, including minutes without events', () => {
    const clock = new FakeClock();
    const history = new History(clock.read);
    history.count('events_matched', {}, 3);
    clock.advance(2 * MINUTE_MS);
    history.count('pushes', { provider: 'fcm', outcome: 'delivered' }, 2);
    history.count('pushes', { provider: 'fcm', outcome: 'retry' }, 1);
    const minutes = history.minutes();
    expect(minutes).toHaveLength(60);
    expect(minutes.at(-1)).toEqual({ at: clock.seconds, events: 0, delivered: 2, failed: 1 });
    expect(minutes.at(-2)).toMatchObject({ events: 0, delivered: 0, failed: 0 });
    expect(minutes.at(-3)).toMatchObject({ events: 3 });
    expect(history.lastEventAt).toBe(clock.now - 2 * MINUTE_MS);
  });

  test('sums up what became of the events, by wake policy and push service', () => {
    const clock = new FakeClock();
    const history = new History(clock.read);
    history.noteReceived(100);
    history.count('events_matched', {}, 5);
    history.count('events_duplicate', {}, 1);
    history.count('events_rejected', { reason: 'forged' }, 1);
    history.count('events_absorbed', {}, 1);
    history.count('events_claimed', {}, 2);
    history.count('relay_frames', {}, 7);
    clock.advance(MINUTE_MS);
    history.noteReceived(130);
    history.count('wakes_released', { policy: 'prompt' }, 1);
    history.count('wakes_released', { policy: 'slots' }, 3);
    history.count('pushes', { provider: 'fcm', outcome: 'delivered' }, 2);
    history.count('pushes', { provider: 'unifiedpush', outcome: 'gone' }, 1);
    const rest = { duplicate: 1, rejected: 1, absorbed: 1, verified: 2 };
    const wakes = {
      woken: { prompt: 1, slots: 3 },
      delivered: { fcm: 2 },
      failed: { unifiedpush: 1 },
    };
    expect(history.hour()).toEqual({ received: 130, matched: 5, ...rest, ...wakes });
    clock.advance(59 * MINUTE_MS);
    expect(history.hour()).toMatchObject({ received: 30, matched: 0, verified: 0, ...wakes });
  });

  test('drops older minutes', () => {
    const clock = new FakeClock();
    const history = new History(clock.read);
    history.count('events_matched', {}, 3);
    history.observe(1);
    clock.advance(60 * MINUTE_MS);
    expect(history.minutes().every(({ events }) => events === 0)).toBe(true);
    expect(history.percentiles()).toEqual({});
    for (let n = 0; n < 200; n++) {
      history.observe(0.1);
      clock.advance(MINUTE_MS);
    }
    expect(history.percentiles()).toEqual({ p50: 0.1, p95: 0.1, p99: 0.1 });
  });

  test('has the waits of the 50th, 95th and 99th percentile', () => {
    const history = new History(new FakeClock().read);
    for (let n = 0; n < 90; n++) history.observe(0.09);
    for (let n = 0; n < 9; n++) history.observe(4);
    history.observe(1000);
    expect(history.percentiles()).toEqual({ p50: 0.1, p95: 5, p99: 5 });
    history.observe(1000);
    expect(history.percentiles().p99).toBe(1000);
    expect(history.minutes().at(-1)).toMatchObject({ p50: 0.1 });
  });
});
