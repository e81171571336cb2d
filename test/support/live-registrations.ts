import { Registrations } from '../../src/core/registry/registrations.ts';
import { MemoryRegistrations } from '../../src/store/tables/memory-registrations.ts';
import { FakeClock } from './fake-clock.ts';
import { FakeTelemetry } from './fake-telemetry.ts';
import { LIFETIME } from './registrations.ts';

/** The true registrations, in memory, with a clock and a telemetry that are the test's. */
export function liveRegistrations(
  capacity = 100,
  mayExpire = (): boolean => true,
): {
  registrations: Registrations;
  clock: FakeClock;
  telemetry: FakeTelemetry;
} {
  const clock = new FakeClock();
  const telemetry = new FakeTelemetry();
  const store = new MemoryRegistrations({ capacity });
  const registrations = new Registrations({
    store,
    lifetime: LIFETIME,
    clock: clock.read,
    monotonic: clock.read,
    mayExpire,
    telemetry,
  });
  return { registrations, clock, telemetry };
}
