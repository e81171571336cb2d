import { expect, test } from 'vitest';

import {
  DELIVERED,
  FAILED,
  GONE,
  keyWake,
  laneBench,
  REFUSED,
  RETRY_MIN_MS,
  THROTTLED,
} from '../../../test/support/lane-bench.ts';
import { tradeKey } from '../../../test/support/registrations.ts';
import { NO_TROUBLES } from './lane.ts';

test('a lane is in no trouble while it works', async () => {
  const { answer, ask, lanes } = laneBench();
  void ask('a');
  await answer(DELIVERED);
  void ask('b');
  await answer(REFUSED);
  expect(lanes.troubles).toEqual(NO_TROUBLES);
});

test('a lane is down after three failures in a row of one device, until anything comes through', async () => {
  const { answer, ask, lanes, schedule } = laneBench();
  void ask('a');
  for (let n = 0; n < 3; n++) {
    expect(lanes.troubles).toEqual(NO_TROUBLES);
    await answer(FAILED);
    await schedule.advance(60 * RETRY_MIN_MS);
  }
  expect(lanes.troubles).toEqual({ ...NO_TROUBLES, down: 1 });
  await answer(GONE);
  expect(lanes.troubles).toEqual(NO_TROUBLES);
});

test('a lane is paused when three devices are told "too many"', async () => {
  const { answer, ask, lanes } = laneBench();
  for (const token of ['a', 'b', 'c']) void ask(token);
  await answer(THROTTLED);
  expect(lanes.troubles).toEqual({ ...NO_TROUBLES, paused: 1 });
});

test('a lane is full until half of its queue is free again', async () => {
  const { answer, ask, lanes } = laneBench({ concurrency: 1, capacity: 2 });
  for (const token of ['a', 'b', 'c', 'd']) void ask(token);
  expect(lanes.troubles).toEqual({ ...NO_TROUBLES, full: 1 });
  for (let n = 0; n < 4; n++) await answer(DELIVERED);
  expect(lanes.troubles).toEqual(NO_TROUBLES);
});

test('a wake is timed from the first event that it answers to the delivery, and in its queue', async () => {
  const { answer, clock, lanes, telemetry } = laneBench({ concurrency: 1 });
  const since = clock.now - 4000;
  void lanes.request(keyWake('a', { since }));
  void lanes.request(keyWake('b', { since: clock.now, wasHeld: true }));
  void lanes.request(keyWake('b', { since: since - 1000 }));
  clock.advance(2000);
  await answer(DELIVERED);
  clock.advance(1000);
  await answer(DELIVERED);
  const of = (name: string): number[] =>
    telemetry.timings.filter(({ histogram }) => histogram === name).map(({ seconds }) => seconds);
  expect(of('event_to_push_seconds')).toEqual([6, 8]);
  expect(of('wake_queue_seconds')).toEqual([0, 2]);
  expect(of('wake_held_seconds')).toEqual([0]);
});

test('a wake that answers no event is timed in its queue and at its attempt only', async () => {
  const { answer, ask, telemetry } = laneBench();
  void ask('a', { kind: 'chat_wake' });
  await answer(DELIVERED);
  expect(telemetry.timings.map(({ histogram }) => histogram)).toEqual([
    'wake_queue_seconds',
    'push_attempt_seconds',
  ]);
});

test('the steps of a wake are traced under its keys, with the push service’s answer', async () => {
  const { answer, ask, schedule, telemetry } = laneBench();
  void ask('a');
  await answer(FAILED);
  await schedule.advance(60 * RETRY_MIN_MS);
  await answer(DELIVERED);
  expect(telemetry.steps.every(({ key }) => key === tradeKey(1))).toBe(true);
  expect(telemetry.steps.map(({ detail, step }) => [step, detail])).toEqual([
    ['wake queued', 'fcm'],
    ['wake sent', 'fcm'],
    ['push service answered', 'retry: http_503'],
    ['wake will be tried again', 'in 1.0 s'],
    ['wake sent', 'fcm'],
    ['push service answered', 'delivered'],
  ]);
});

test('a stranger’s push server cannot make metric series at will by its statuses', async () => {
  const { answer, ask, telemetry } = laneBench();
  for (const [n, status] of [404, 418, 599, 299].entries()) {
    void ask(`device ${n}`);
    await answer({ outcome: 'refused', reason: `http_${status}`, blames: 'device' });
  }
  const total = (reason: string): number => telemetry.total('push_failures', 'fcm', reason);
  expect(['http_404', 'http_4xx', 'http_5xx', 'http_2xx', 'http_418'].map(total)).toEqual([1, 1, 1, 1, 0]);
});
