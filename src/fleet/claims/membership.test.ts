import { randomBytes } from 'node:crypto';

import { expect, test } from 'vitest';

import { fleetNames } from '../../../test/support/fleet-engine.ts';
import { Membership, newSession } from './membership.ts';

const names = fleetNames();
const GROUPS = Array.from({ length: 1000 }, (_, number) => `group ${number}`);

/** What each of these sessions thinks, all knowing of each other. */
function fleetOf(sessions: readonly Buffer[]): Membership[] {
  return sessions.map((own, index) => {
    const membership = new Membership(names, own);
    // Each hears of them in another order.
    membership.update(own, Buffer.concat([...sessions.slice(index), ...sessions.slice(0, index)]));
    return membership;
  });
}

const sessions = Array.from({ length: 4 }, () => randomBytes(8));

test('a server that is alone owns every group', () => {
  const [own] = sessions as [Buffer];
  const alone = new Membership(names, own);
  expect(
    GROUPS.every((group) => alone.isAmongFirst(names.lot(group), 1) && alone.ownerOf(group) === own),
  ).toBe(true);
});

test('all servers agree on the owner of a group, and the next one, and each owns its share', () => {
  const fleet = fleetOf(sessions);
  const shares = sessions.map(() => 0);
  for (const group of GROUPS) {
    const owner = fleet[0]?.ownerOf(group).toString('hex');
    for (const [index, membership] of fleet.entries()) {
      expect(membership.ownerOf(group).toString('hex')).toBe(owner);
      const isOwner = sessions[index]?.toString('hex') === owner;
      expect(membership.isAmongFirst(names.lot(group), 1)).toBe(isOwner);
      if (isOwner) shares[index] = (shares[index] ?? 0) + 1;
    }
    expect(fleet.filter((membership) => membership.isAmongFirst(names.lot(group), 2))).toHaveLength(2);
  }
  for (const share of shares) expect(share / GROUPS.length).toBeCloseTo(1 / 4, 1);
});

test('a server that goes leaves its groups to the next ones, and changes no other owner', () => {
  const [gone, ...left] = sessions as [Buffer, ...Buffer[]];
  const before = fleetOf(sessions)[1] as Membership;
  const after = fleetOf(left)[0] as Membership;
  for (const group of GROUPS) {
    const former = before.ownerOf(group);
    if (!former.equals(gone)) expect(after.ownerOf(group)).toEqual(former);
  }
});

test('an update tells whether anything has changed', () => {
  const [own, other] = sessions as [Buffer, Buffer];
  const membership = new Membership(names, own);
  expect(membership.update(own, own)).toBe(false);
  expect(membership.update(own, Buffer.concat([other, own]))).toBe(true);
  expect(membership.update(own, Buffer.concat([own, other]))).toBe(false);
  expect(membership.size).toBe(2);
  // The engine has forgotten this server. It counts itself still.
  expect(membership.update(own, other)).toBe(false);
  const renewed = newSession(own);
  const isOurs = GROUPS.map((group) => membership.isAmongFirst(names.lot(group), 1));
  expect(membership.update(renewed, Buffer.concat([renewed, other]))).toBe(true);
  // Under another id it has the same groups.
  expect(GROUPS.map((group) => membership.isAmongFirst(names.lot(group), 1))).toEqual(isOurs);
});

test('more groups than are remembered have their owners too', () => {
  const [own, other] = sessions as [Buffer, Buffer];
  const membership = new Membership(names, own);
  membership.update(own, other);
  const first = GROUPS.map((group) => membership.ownerOf(group));
  for (let number = 0; number < 40_000; number++) membership.ownerOf(`further ${number}`);
  expect(GROUPS.map((group) => membership.ownerOf(group))).toEqual(first);
});
