import { describe, expect, test } from 'vitest';

import { admissionWithOneKey, frameOf, FORGED } from '../../../test/support/admission.ts';
import { unsignedEvent } from '../../../test/support/events.ts';
import { tradeKey } from '../../../test/support/registrations.ts';

const HOURS = 3600;

describe('an event that may wake no device is counted with its reason and claims nothing', () => {
  const eleven = Array.from({ length: 11 }, (_, n) => ['p', tradeKey(n)]);

  test.each([
    ['crowded', (now: number) => frameOf(unsignedEvent({ created_at: now, tags: eleven }))],
    [
      'crowded',
      (now: number) =>
        frameOf(
          unsignedEvent({
            created_at: now,
            tags: [['p', tradeKey(1)], ...Array.from({ length: 2000 }, () => ['t'])],
          }),
        ),
    ],
    [
      'malformed',
      (now: number) =>
        frameOf(unsignedEvent({ created_at: now, tags: [['p', tradeKey(1)]] }), { parse: () => undefined }),
    ],
    [
      'mismatched',
      (now: number) =>
        frameOf(unsignedEvent({ created_at: now, tags: [['p', tradeKey(1)]] }), { id: 'e'.repeat(64) }),
    ],
    [
      'mismatched',
      (now: number) => frameOf(unsignedEvent({ created_at: now, tags: [['p', tradeKey(1)]] }), { kind: 14 }),
    ],
    [
      'too_old',
      (now: number) =>
        frameOf(unsignedEvent({ created_at: now - 72 * HOURS - 1, tags: [['p', tradeKey(1)]] })),
    ],
    [
      'expired',
      (now: number) =>
        frameOf(
          unsignedEvent({
            created_at: now,
            tags: [
              ['p', tradeKey(1)],
              ['expiration', String(now)],
            ],
          }),
        ),
    ],
    [
      'forged',
      (now: number) => frameOf(unsignedEvent({ created_at: now, tags: [['p', tradeKey(1)]], sig: FORGED })),
    ],
  ])('%s', async (reason, make) => {
    const { admission, clock, seen, telemetry, verified, woken } = await admissionWithOneKey();
    const offered = make(clock.seconds);
    await admission.admit(offered, 'live');
    expect(telemetry.total('events_rejected', reason)).toBe(1);
    expect([woken.count, seen.knows(offered.id), verified.length]).toEqual([
      0,
      false,
      reason === 'forged' ? 1 : 0,
    ]);
  });

  test('but exactly 72 hours old is not too old, and a second before its expiration it has not expired', async () => {
    const { admission, clock, event, woken } = await admissionWithOneKey();
    const tags = [
      ['p', tradeKey(1)],
      ['expiration', String(clock.seconds + 1)],
    ];
    await admission.admit(frameOf(event({ created_at: clock.seconds - 72 * HOURS, tags })), 'live');
    expect(await woken.atLeast(1)).toHaveLength(1);
  });
});
