import { describe, expect, test } from 'vitest';

import { Secret } from '../../core/basics/secret.ts';
import { FleetNames, SESSION_BYTES, SHARDS } from './names.ts';

const names = new FleetNames(new Secret(Buffer.alloc(32, 1)));
const others = new FleetNames(new Secret(Buffer.alloc(32, 2)));
const EVENT = 'ab'.repeat(32);
const DEVICE = 'fcm some-token';

describe('the names of a fleet', () => {
  test('are the same for every server with the same key, and others with another key', () => {
    const again = new FleetNames(new Secret(Buffer.alloc(32, 1)));
    expect(Object.entries(again)).toEqual(Object.entries(names));
    expect(again.claim(EVENT, DEVICE)).toEqual(names.claim(EVENT, DEVICE));
    expect(others.prefix).not.toBe(names.prefix);
    expect(others.check).not.toEqual(names.check);
    expect(others.claim(EVENT, DEVICE)).not.toEqual(names.claim(EVENT, DEVICE));
  });

  test('all begin with the prefix, but the marker', () => {
    const session = Buffer.alloc(SESSION_BYTES, 7);
    const keys = [
      names.probe,
      names.log,
      names.sequence,
      names.members,
      names.pauses,
      names.adoption,
      names.settings,
      names.shard(0),
      names.claimKey(names.claim(EVENT, DEVICE)),
      names.leaseKey(names.group(DEVICE)),
      names.signatureKey(EVENT),
      names.pendingKey(session),
      names.inboxKey(session),
      names.aliveKey(session),
    ].map((key) => key.toString('latin1'));
    expect(keys.filter((key) => !key.startsWith(names.prefix))).toEqual([]);
    expect(new Set(keys).size).toBe(keys.length);
    expect(names.prefix).toMatch(/^[\w-]{11}:$/);
  });

  test('of one thing in two uses are not alike', () => {
    const uses = [names.field(DEVICE), names.group(DEVICE), names.lane(DEVICE)];
    expect(new Set(uses.map((use) => use.toString('hex'))).size).toBe(uses.length);
  });

  test('of records are spread over all shards', () => {
    const shards = new Set<number>();
    for (let subject = 0; subject < 100 * SHARDS; subject++)
      shards.add(names.shardOf(names.field(String(subject))));
    expect([...shards].toSorted((a, b) => a - b)).toEqual([...Array(SHARDS).keys()]);
  });

  test('of a claim need only the first half of the event’s id', () => {
    expect(names.claim(EVENT.slice(0, 32), DEVICE)).toEqual(names.claim(EVENT, DEVICE));
    expect(names.claim(EVENT, 'another')).not.toEqual(names.claim(EVENT, DEVICE));
  });
});
