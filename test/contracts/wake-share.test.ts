import { expect } from 'vitest';

import { EngineFleet, type EngineMember } from '../support/engine-fleet.ts';
import { FakeFleet } from '../support/fake-fleet.ts';
import { FakeSchedule } from '../support/fake-schedule.ts';
import type { FakeWakeShare } from '../support/fake-wake-share.ts';
import { describeEngines } from '../support/redis-engine.ts';
import { memberFor, wakeShareContract, type FleetUnderTest, type Member } from './wake-share.contract.ts';

async function fakeFleet(): Promise<FleetUnderTest> {
  const schedule = new FakeSchedule();
  const fleet = new FakeFleet(schedule);
  fleet.rank = (group) => {
    const first = fleet.servers.filter((_, index) => group.endsWith(` ${index}`));
    return [...first, ...fleet.servers];
  };
  return {
    join: async () => {
      const { listener, member } = memberFor();
      const share = fleet.join(listener);
      return Object.assign(member, { share, owedDevices: share.owed });
    },
    kill: async ({ share }) => {
      (share as FakeWakeShare).kill();
      await schedule.advance(10_000);
    },
    groupOf: ({ share }: Member) => `group ${fleet.servers.indexOf(share as FakeWakeShare)}`,
    settled: () => schedule.advance(0),
  };
}

async function realFleet(): Promise<FleetUnderTest> {
  const fleet = await EngineFleet.start();
  const joined: (Member & EngineMember)[] = [];
  const allKnow = async (): Promise<void> => {
    await expect
      .poll(() => joined.map(({ share }) => share.servers))
      .toEqual(joined.map(() => joined.length));
  };
  return {
    join: async () => {
      const { listener, member } = memberFor();
      const server = await fleet.join(listener);
      const all = Object.assign(member, server, { owedDevices: server.share.owed });
      joined.push(all);
      await allKnow();
      return all;
    },
    kill: async (member) => {
      const index = joined.findIndex(({ share }) => share === member.share);
      const [dead] = joined.splice(index, 1);
      if (dead !== undefined) await fleet.kill(dead);
      await allKnow();
    },
    groupOf: (member) => {
      for (let number = 0; ; number++) if (member.share.owns(`group ${number}`)) return `group ${number}`;
    },
    settled: async () => {
      for (const { share } of joined) await share.flush();
    },
  };
}

wakeShareContract('the fake', fakeFleet);

describeEngines('wakes', () => wakeShareContract('claims in the engine', realFleet));
