import { expect, test } from 'vitest';

import { FakeClock } from '../../../test/support/fake-clock.ts';
import { FakeProvider } from '../../../test/support/fake-provider.ts';
import { FakeTelemetry } from '../../../test/support/fake-telemetry.ts';
import { DELIVERED } from '../../../test/support/lane-bench.ts';
import { fcmTarget } from '../../../test/support/registrations.ts';
import { DeliveryHealth } from './delivery-health.ts';
import { WatchedProvider } from './watched-provider.ts';

test('an attempt is timed, its answer told to the health and given back as it is', async () => {
  const clock = new FakeClock();
  const telemetry = new FakeTelemetry();
  const provider = new FakeProvider();
  const health = new DeliveryHealth(clock.read);
  const watched = new WatchedProvider(provider, { health, telemetry, clock: clock.read });
  const signal = new AbortController().signal;
  const answered = watched.send(fcmTarget('phone'), { kind: 'silent_wake', timestamp: 1 }, signal);
  clock.advance(1500);
  provider.attempts.all[0]?.settle(DELIVERED);
  expect(await answered).toBe(DELIVERED);
  expect(watched.name).toBe('fcm');
  expect(telemetry.timings).toEqual([{ histogram: 'push_attempt_seconds', seconds: 1.5 }]);
  expect(health.lastDeliveryAt).toBe(clock.now);
});
