import { setTimeout as delay } from 'node:timers/promises';

import type { NostrEvent } from 'nostr-tools/pure';

import { TcpProxy } from '../../stand-ins/tcp-proxy.ts';
import { ForeignRelay } from '../../test/support/foreign-relay.ts';
import { isInstalled, KHATRU } from '../../test/support/relay-makes.ts';
import { publishAll } from '../../test/support/test-relay.ts';
import type { Device } from '../devices.ts';
import type { Figure } from '../figure.ts';
import type { Stage } from '../stage.ts';
import { giftWraps } from '../wire-events.ts';
import { paged } from './paged.ts';

const MISSED = 10_000;
const WARMING = 2000;
/** The distance of the events: so far apart that no second has more than one, and so close that a recovery asks for all of them. */
const SECONDS_APART = 10;
/** How many subscriptions the program has at each relay. */
const KINDS = 2;
const LOOK_AGAIN_MS = 50;

/**
 * A recovery at an independent relay (khatru, in memory), if `.ci/install-relay` has built it: from the connection that
 * comes after the cut to the last push accepted.
 */
export async function foreignRecovery(stage: Stage): Promise<Figure[]> {
  if (!isInstalled(KHATRU)) return [];
  const missed = Math.min(MISSED, stage.extent.batch * 2);
  const [samples, bare]: [number[], number[]] = [[], []];
  for (let round = 0; round < stage.extent.rounds; round++) {
    await using relay = await ForeignRelay.start();
    await using proxy = await TcpProxy.start(relay.port);
    await using program = await stage.program('foreign', { environment: { NOSTR_RELAYS: proxy.url } });
    while ((await program.metric('relay_subscriptions_live')) < KINDS) await delay(LOOK_AGAIN_MS);
    await publish(relay, await stage.registered(program, WARMING), stage.pushService.pushes(WARMING));
    const devices = await stage.registered(program, missed);
    proxy.refuse(true);
    proxy.reset();
    await publish(relay, devices);
    bare.push(await paged(stage, relay.url));
    const arrived = stage.pushService.pushes(missed);
    const again = proxy.accepted.next(({ refused }) => !refused, { timeoutMs: 120_000 });
    proxy.refuse(false);
    const { at } = await again;
    await arrived;
    samples.push(performance.now() - at);
  }
  return [
    {
      what: `the same at a khatru, ${missed} events, from the new connection on`,
      unit: 'ms',
      samples,
      limit: { what: 'a bare client asks the same pages of the same khatru', samples: bare },
      goal: { of: 'ratio', most: 3 },
      moreIsBetter: false,
    },
  ];
}

/** Publishes an event for each device, and waits until the relay has all of them and, if devices are subscribed, they have them too. */
async function publish(
  relay: ForeignRelay,
  devices: readonly Device[],
  arrived?: Promise<unknown>,
): Promise<void> {
  const events = await giftWraps(
    devices.map(({ tradePubkey }) => tradePubkey),
    (n) => n * SECONDS_APART,
  );
  await publishAll(
    relay.url,
    events.map((event) => JSON.parse(event) as NostrEvent),
  );
  await arrived;
}
