import { expect, test } from 'vitest';

import { memberFor, type Member } from '../../../test/contracts/wake-share.contract.ts';
import { EngineFleet, type EngineMember } from '../../../test/support/engine-fleet.ts';
import { describeEngine } from '../../../test/support/redis-engine.ts';
import { Secret } from '../../core/basics/secret.ts';
import { ValueSealer } from '../engine/value-sealer.ts';

type Server = EngineMember & Omit<Member, 'share' | 'owedDevices'>;

async function join(fleet: EngineFleet): Promise<Server> {
  const { listener, member } = memberFor();
  return Object.assign(member, await fleet.join(listener));
}

/** How many values this server has rejected because a newer version has written them. */
function rejected({ telemetry }: Server): number {
  return telemetry.total('fleet_values_rejected', 'newer_wake');
}

describeEngine('what comes from other servers', () => {
  test('a value that no server of the fleet wrote is counted, said once, and taken out', async () => {
    const fleet = await EngineFleet.start();
    const a = await join(fleet);
    const inbox = fleet.names.inboxKey(a.share.session);
    for (const name of ['0123456789abcdef', '0123456789abcdef', 'o123456789abcdef0', 'z123456789abcdef0', ''])
      await fleet.server.command('XADD', inbox, '*', name, 'rubbish');
    await fleet.server.command('XADD', inbox, '*', 'one', 'two', 'three', 'four');
    await expect.poll(() => fleet.server.command('XLEN', inbox)).toBe(0);
    const total = (kind: string): number => a.telemetry.total('fleet_values_rejected', kind);
    expect([total('wake'), total('owed_wake'), total('pause')]).toEqual([4, 1, 1]);
    expect(a.telemetry.logged('fleet.value_rejected')).toHaveLength(3);
    expect([a.handed, a.owed, a.paused, a.faults]).toEqual([[], [], [], []]);
  });

  test('what a newer version has sealed stays for a server that can read it, and is counted', async () => {
    const fleet = await EngineFleet.start();
    const [a, b] = [await join(fleet), await join(fleet)];
    const { names, server } = fleet;
    const sealer = new ValueSealer(new Secret(Buffer.alloc(32, 1)));
    const add = (name: string, text: string): Promise<unknown> =>
      server.command(
        'XADD',
        names.inboxKey(a.share.session),
        '*',
        name,
        sealer.seal(Buffer.from(text), Buffer.from(name)),
      );
    await add('0123456789abcdef', 'a wake of another form');
    await add('o0123456789abcdef', '{"owed":"in another form"}');
    await expect.poll(() => rejected(a)).toBe(2);
    await a.share.leave();
    await expect.poll(() => rejected(b)).toBe(2);
    await b.share.flush();
    expect(await server.command('XLEN', names.inboxKey(b.share.session))).toBe(2);
    expect(b.telemetry.logged('fleet.value_rejected')).toEqual([{ reason: 'newer_wake' }]);
    expect([b.handed, b.owed, b.faults]).toEqual([[], [], []]);
  });
});
