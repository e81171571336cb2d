import fc from 'fast-check';
import { expect, test } from 'vitest';

import { RecentVerdicts } from './recent-verdicts.ts';

test('a device counts once for each verdict, for as long as the window', () => {
  const verdicts = new RecentVerdicts<'good' | 'bad'>(1000, 10);
  verdicts.note('good', 'a', 0);
  verdicts.note('good', 'a', 500);
  verdicts.note('bad', 'a', 500);
  expect([verdicts.count('good', 1000), verdicts.count('bad', 1000)]).toEqual([1, 1]);
  expect([verdicts.count('good', 1500), verdicts.count('bad', 1500)]).toEqual([0, 0]);
});

test('a verdict that has no room any more takes the other verdicts of its time with it', () => {
  const verdicts = new RecentVerdicts<'good' | 'bad'>(1000, 3);
  for (let n = 0; n < 3; n++) verdicts.note('good', `good ${n}`, n);
  for (let n = 0; n < 4; n++) verdicts.note('bad', `bad ${n}`, 10 + n);
  expect([verdicts.count('good', 20), verdicts.count('bad', 20)]).toEqual([0, 3]);
});

test('a verdict that is cleared leaves the others', () => {
  const verdicts = new RecentVerdicts<'good' | 'bad'>(1000, 3);
  verdicts.note('good', 'a', 0);
  verdicts.note('bad', 'a', 0);
  verdicts.clear('bad');
  expect([verdicts.count('good', 0), verdicts.count('bad', 0)]).toEqual([1, 0]);
});

test('every count is the number of devices within the window, if there is room for all', () => {
  const note = fc.record({
    verdict: fc.constantFrom('good' as const, 'bad' as const),
    device: fc.nat(9),
    ms: fc.nat(400),
  });
  fc.assert(
    fc.property(fc.array(note, { maxLength: 50 }), (notes) => {
      const verdicts = new RecentVerdicts<'good' | 'bad'>(1000, 10);
      const said: { verdict: string; device: number; at: number }[] = [];
      let now = 0;
      for (const { verdict, device, ms } of notes) {
        now += ms;
        verdicts.note(verdict, String(device), now);
        said.push({ verdict, device, at: now });
        for (const each of ['good', 'bad'] as const) {
          const within = said.filter(({ at, verdict: its }) => its === each && now - at < 1000);
          expect(verdicts.count(each, now)).toBe(new Set(within.map((one) => one.device)).size);
        }
      }
    }),
  );
});
