import { FakeFleet } from '../support/fake-fleet.ts';
import { FakeSchedule } from '../support/fake-schedule.ts';
import type { FakeWakeShare } from '../support/fake-wake-share.ts';
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

wakeShareContract('the fake', fakeFleet);
