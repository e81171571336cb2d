import { describe, expect, test } from 'vitest';

import { Lifetime } from './lifetime.ts';

describe('a lifetime', () => {
  test('ends with the first request to stop, and tells the second request that one came before', async () => {
    const lifetime = new Lifetime();
    expect([lifetime.stop(), lifetime.stop()]).toEqual([true, false]);
    await expect(lifetime.ended).resolves.toBeUndefined();
    expect(lifetime.hasFaulted).toBe(false);
  });

  test('ends with the first fault, also where nothing awaits the end yet', async () => {
    const lifetime = new Lifetime();
    lifetime.fail(new Error('first'));
    lifetime.fail(new Error('second'));
    await expect(lifetime.ended).rejects.toThrow('first');
  });

  test('knows of a fault that comes after the request to stop', async () => {
    const lifetime = new Lifetime();
    lifetime.stop();
    lifetime.fail(new Error('late'));
    await expect(lifetime.ended).resolves.toBeUndefined();
    expect(lifetime.hasFaulted).toBe(true);
  });

  test('keeps requests to reload until the command says how to reload, and meets them as one', () => {
    const lifetime = new Lifetime();
    let reloads = 0;
    lifetime.reload();
    lifetime.reload();
    lifetime.onReload(() => reloads++);
    expect(reloads).toBe(1);
    lifetime.reload();
    expect(reloads).toBe(2);
  });
});
