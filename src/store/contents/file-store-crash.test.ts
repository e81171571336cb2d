import { expect, test } from 'vitest';

import { CrashRecorder } from '../../../test/support/crash-recorder.ts';
import { openFileStore } from '../../../test/support/file-store.ts';
import { fcmTarget, registrationAt, tradeKey } from '../../../test/support/registrations.ts';
import { stateAfter, stateOf, type State } from '../../../test/support/store-states.ts';
import { tempDirectory } from '../../../test/support/temp-directory.ts';

const UNSIGNED = { signed: false, now: 0 };
const NOW = Date.UTC(2026, 0, 1);

test('a power cut at any moment, with any part of the unsynced bytes written, loses no change that was acknowledged', async () => {
  const recorder = await CrashRecorder.start();
  const { store } = await openFileStore(await tempDirectory());
  const { registrations } = store.contents;
  /** After so many operations, what has been answered, and what is on its way. */
  const moments: { operations: number; acknowledged: State; underWay: State }[] = [];
  for (let round = 0; round < 40; round++) {
    const acknowledged = stateOf(store);
    const from = recorder.length;
    // Several at once share a commit: all of them, or none.
    const changes = [1, 2, 3].map((n) => {
      const key = tradeKey((round * n) % 7);
      if ((round + n) % 4 === 0) return registrations.remove(key, UNSIGNED);
      const target = fcmTarget(`phone-${round}-${n}`);
      return registrations.put(registrationAt(NOW + round, { tradePubkey: key, target }));
    });
    const underWay = stateOf(store);
    await Promise.all(changes);
    for (let operations = from + 1; operations <= recorder.length; operations++)
      moments.push({ operations, acknowledged, underWay });
  }
  let cuts = 0;
  for (const { operations, acknowledged, underWay } of moments) {
    for (const bytes of recorder.remains(operations)) {
      const state = await stateAfter(bytes);
      expect([acknowledged, underWay]).toContainEqual(state);
      cuts++;
    }
  }
  console.info(`${cuts} power cuts in ${moments.length} moments`);
  expect(cuts).toBeGreaterThan(400);
});
