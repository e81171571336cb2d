import { expect, onTestFinished, test, vi } from 'vitest';

import { fleetNames } from '../../../test/support/fleet-engine.ts';
import { SettingsComparison } from './compare-settings.ts';

const MINUTE_MS = 60_000;

test('the minute in which servers have other settings stands still while the engine is lost', async () => {
  const now = vi.spyOn(performance, 'now').mockReturnValue(0);
  onTestFinished(() => now.mockRestore());
  const told = new Set<Buffer>();
  const engine = {
    run: (_script: unknown, _keys: unknown, [, ...names]: readonly unknown[]) => {
      for (const name of names) told.add(name as Buffer);
      return Promise.resolve([...told]);
    },
  };
  const [one, other] = ['1', '2'].map(
    (value) => new SettingsComparison(fleetNames(), () => ({ COOLDOWN_MS: value })),
  );
  const [first, second] = [{}, {}];
  const differing = async (atMs: number, over: object): Promise<string[] | undefined> => {
    now.mockReturnValue(atMs);
    await one?.compare(engine, over, MINUTE_MS);
    return one?.lastingFor(MINUTE_MS);
  };
  await other?.compare(engine, first, MINUTE_MS);
  expect(await differing(0, first)).toEqual([]);
  expect(await differing(20_000, first)).toEqual([]);
  expect(await differing(90_000, second)).toEqual([]);
  expect(await differing(129_000, second)).toEqual([]);
  expect(await differing(130_000, second)).toEqual(['COOLDOWN_MS']);
  expect(await differing(500_000, first)).toEqual(['COOLDOWN_MS']);
  told.clear();
  expect(await differing(501_000, first)).toEqual([]);
});
