import fc from 'fast-check';
import { expect, test } from 'vitest';

import { fcmTarget } from '../../../test/support/registrations.ts';
import { fcmMessage } from './fcm-message.ts';
import { FcmTemplate } from './fcm-template.ts';

const wake = fc.record({
  kind: fc.constantFrom('silent_wake' as const, 'chat_wake' as const),
  timestamp: fc.integer({ min: 1_700_000_000, max: 1_700_000_002 }),
});
const wakes = fc.array(fc.tuple(fc.string({ minLength: 1 }), wake), { maxLength: 12 });

test.each(['silent', 'alert'] as const)(
  'every body that is made of a template in the mode %s is the one that is made anew, to the byte',
  (mode) => {
    fc.assert(
      fc.property(wakes, (pushes) => {
        const template = new FcmTemplate(mode);
        for (const [token, one] of pushes)
          expect(template.message(fcmTarget(token), one)).toBe(fcmMessage(fcmTarget(token), one, mode));
      }),
    );
  },
);
