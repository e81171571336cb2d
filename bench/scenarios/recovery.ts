import type { NostrEvent } from 'nostr-tools/pure';

import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import type { Figure } from '../figure.ts';
import type { Program } from '../program.ts';
import type { Stage } from '../stage.ts';
import { giftWraps } from '../wire-events.ts';
import { paged } from './paged.ts';

const MISSED = 10_000;
const WARMING = 2000;
/** The distance of the events: so far apart that no second has more than one, and so close that a recovery asks for all of them. */
const SECONDS_APART = 10;

/** Recovers what a relay stored while the connection was cut: from the first page to the last accepted push. */
export async function recovery(stage: Stage): Promise<Figure> {
  const missed = Math.min(MISSED, stage.extent.batch * 2);
  const [samples, bare]: [number[], number[]] = [[], []];
  for (let round = 0; round < stage.extent.rounds; round++) {
    await using relay = await RelayStandIn.start();
    await using program = await stage.program('recovery', { environment: { NOSTR_RELAYS: relay.url } });
    await relay.subscribed(1059);
    await warmUp(stage, relay, program);
    const devices = await stage.registered(program, missed);
    const events = await giftWraps(
      devices.map(({ tradePubkey }) => tradePubkey),
      (n) => n * SECONDS_APART,
    );
    relay.storeAll(events.map((event) => JSON.parse(event) as NostrEvent));
    bare.push(await paged(stage, relay.url));
    samples.push(await recovered(stage, relay, missed));
  }
  return {
    what: `recovery of ${missed} missed matched events, to the last push accepted`,
    unit: 'ms',
    samples,
    limit: { what: 'a bare client asks the same pages of the same relay', samples: bare },
    goal: { of: 'ratio', most: 3 },
    moreIsBetter: false,
  };
}

/** A cut in practice comes in the middle of a program's life, so the recovery has been warmed up. */
async function warmUp(stage: Stage, relay: RelayStandIn, program: Program): Promise<void> {
  const devices = await stage.registered(program, WARMING);
  const arrived = stage.pushService.pushes(WARMING);
  for (const event of await giftWraps(devices.map(({ tradePubkey }) => tradePubkey)))
    relay.broadcast(JSON.parse(event) as NostrEvent);
  await arrived;
}

async function recovered(stage: Stage, relay: RelayStandIn, missed: number): Promise<number> {
  const asked = relay.requests.next(({ filters }) => filters.some(({ since }) => since !== undefined), {
    timeoutMs: 60_000,
  });
  const arrived = stage.pushService.pushes(missed);
  relay.disconnectAll();
  await asked;
  const begun = performance.now();
  await arrived;
  return performance.now() - begun;
}
