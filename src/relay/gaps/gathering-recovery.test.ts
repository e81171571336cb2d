import { expect, onTestFinished, test, vi } from 'vitest';

import { frameOf } from '../../../test/support/admission.ts';
import { deferred } from '../../../test/support/deferred.ts';
import { unsignedEvent } from '../../../test/support/events.ts';
import type { RelayIntake } from '../../core/intake/event-intake.ts';
import { beginRecovery } from './gathering-recovery.ts';

/** An intake that says what its recoveries are told, each by its number. */
function setUp(): { intake: RelayIntake; told: string[]; wakes: ReturnType<typeof deferred>[] } {
  const told: string[] = [];
  const wakes: ReturnType<typeof deferred>[] = [];
  const intake: RelayIntake = {
    admit: () => 'admitted',
    hasRegistrations: () => true,
    beginRecovery: (options) => {
      const wake = deferred();
      const n = wakes.push(wake);
      told.push(`${n} begins ${JSON.stringify(options)}`);
      return {
        admit: () => {
          told.push(`${n} admits`);
          return 'admitted';
        },
        wakesEnded: wake.promise,
        end: (isSound) => void told.push(`${n} ends ${isSound}`),
      };
    },
  };
  return { intake, told, wakes };
}

test('a recovery gathers its wakes where a page shares its place with the live subscription, and nowhere else', () => {
  const { intake, told } = setUp();
  beginRecovery({ intake, isAudit: true, arePagesShared: false, isSound: () => true }).end(true);
  beginRecovery({ intake, isAudit: false, arePagesShared: true, isSound: () => true }).end(false);
  expect(told).toEqual([
    '1 begins {"isAudit":true}',
    '1 ends true',
    '2 begins {"gathers":true,"isAudit":false}',
    '2 ends false',
  ]);
});

test.each([
  { isAudit: false, ms: 10_000 },
  { isAudit: true, ms: 2000 },
])(
  'a recovery that gathers its wakes (an audit: $isAudit) sends them after $ms ms, goes on as a further one, and has ended when the wakes of both have',
  async ({ isAudit, ms }) => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const { intake, told, wakes } = setUp();
    const recovery = beginRecovery({ intake, isAudit, arePagesShared: true, isSound: () => false });
    let isOver = false;
    void recovery.wakesEnded.then(() => (isOver = true));
    await vi.advanceTimersByTimeAsync(ms - 1);
    void recovery.admit(frameOf(unsignedEvent()));
    await vi.advanceTimersByTimeAsync(1);
    void recovery.admit(frameOf(unsignedEvent()));
    recovery.end(true);
    wakes[1]?.resolve();
    await vi.advanceTimersByTimeAsync(60_000);
    const before = isOver;
    wakes[0]?.resolve();
    await vi.advanceTimersByTimeAsync(0);
    expect(told.filter((line) => !line.includes('begins'))).toEqual([
      '1 admits',
      '1 ends false',
      '2 admits',
      '2 ends true',
    ]);
    expect([before, isOver]).toEqual([false, true]);
  },
);
