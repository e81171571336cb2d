import fc from 'fast-check';
import { expect, test } from 'vitest';

import { fcmTarget, registrationAt, tradeKey } from '../../../test/support/registrations.ts';
import { DAY_MS } from '../../core/basics/clock.ts';
import { WAKE_POLICIES, type Registration } from '../../core/registry/registration.ts';
import { RegistrationTable } from './registration-table.ts';

const RECORD = 1;
const YEAR_2109 = Date.UTC(2109, 0, 1);
const TARGET = fcmTarget('phone');

function written(registration: Registration): Registration {
  const rows = new RegistrationTable();
  rows.reach(RECORD);
  rows.write(RECORD, registration);
  return rows.read(RECORD, registration.tradePubkey, TARGET);
}

test('a registration is read as it was written, whatever its times until 2109, its instance and its flags', () => {
  const anything = fc.record(
    {
      registeredAt: fc.nat(YEAR_2109),
      lives: fc.integer({ min: -365 * DAY_MS, max: 11 * 365 * DAY_MS }),
      instance: fc.integer({ min: 1, max: 32_767 }),
      isConversation: fc.constant(true),
      wakePolicy: fc.constantFrom(...WAKE_POLICIES),
      woken: fc.boolean(),
      signed: fc.boolean(),
    },
    { requiredKeys: ['registeredAt', 'lives', 'woken', 'signed'] },
  );
  fc.assert(
    fc.property(anything, ({ lives, ...parts }) => {
      const expiresAt = Math.max(0, parts.registeredAt + lives);
      const registration = registrationAt(0, {
        tradePubkey: tradeKey(1),
        target: TARGET,
        ...parts,
        expiresAt,
      });
      expect(written(registration)).toEqual(registration);
    }),
  );
});

test('a registration that is renewed keeps its registration time, its instance and its flags', () => {
  const rows = new RegistrationTable();
  rows.reach(RECORD);
  const made = {
    instance: 32_767,
    isConversation: true,
    signed: true,
    target: TARGET,
    wakePolicy: 'heartbeat',
  } as const;
  const registration = registrationAt(Date.UTC(2026, 0, 1), made);
  rows.write(RECORD, registration);
  const expiresAt = registration.registeredAt + 3000 * DAY_MS;
  for (const at of [expiresAt, registration.registeredAt - 300 * DAY_MS, expiresAt]) rows.renew(RECORD, at);
  expect(rows.read(RECORD, registration.tradePubkey, TARGET)).toEqual({
    ...registration,
    woken: true,
    expiresAt: registration.registeredAt + 3000 * DAY_MS,
  });
});
