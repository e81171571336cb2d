import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';

import { devices } from '../devices.ts';
import { sealedBodies } from '../sealed-bodies.ts';
import type { Stage } from '../stage.ts';
import { giftWraps } from '../wire-events.ts';
import type { Fleet, FleetSpan } from './fleet.ts';

/** Events that are sent at once for each server. It has woken for them before others look whether it has, after a second. */
const AT_ONCE = 250;
/** By then the other servers have looked. */
const LOOKED_MS = 1800;
/** By then every server has read what the others have registered. */
const READ_MS = 500;
const LOW_RATE_PER_SECOND = 100;

/** Wakes fresh devices, each by an event of its own that every server gets. @param share of each server */
export async function wakes(stage: Stage, fleet: Fleet, share: number): Promise<FleetSpan> {
  const count = share * fleet.servers.length;
  const fresh = devices(count);
  await fleet.register(fresh);
  const frames = fleet.frames(await giftWraps(fresh.map(({ tradePubkey }) => tradePubkey)));
  const step = AT_ONCE * fleet.servers.length;
  const woken = new Map<string, number>();
  const span = await fleet.during(async () => {
    for (let from = 0; from < count; from += step) {
      const due = Math.min(count, from + step);
      const all = untilWoken(stage, woken, due);
      fleet.send(frames.map((own) => Buffer.concat(own.slice(from, due))));
      await all;
    }
    await delay(LOOKED_MS);
  });
  const twice = [...woken.values()].filter((times) => times > 1).length;
  if (twice > 0) throw new Error(`${twice} devices were woken more than once`);
  return span;
}

/** Sealed registrations of new keys, at all servers alike, until every server has them. */
export async function registrations(
  fleet: Fleet,
  tokens: readonly Buffer[],
  share: number,
): Promise<FleetSpan> {
  const bodies = sealedBodies(tokens, share * fleet.servers.length);
  const span = await fleet.during(async () => {
    await fleet.post(bodies);
    await delay(READ_MS);
  });
  await fleet.inStep();
  return span;
}

/** The time from the relay's write to the arrival at FCM, in milliseconds, at a low rate. */
export async function latencies(stage: Stage, fleet: Fleet, count: number): Promise<number[]> {
  const fresh = devices(count);
  await fleet.register(fresh);
  const frames = fleet.frames(await giftWraps(fresh.map(({ tradePubkey }) => tradePubkey)));
  const sentAt = new Map<string, number>();
  const delays: number[] = [];
  const all = new Promise<void>((resolve) => {
    stage.pushService.onPush = (token) => {
      delays.push(performance.now() - (sentAt.get(token) ?? NaN));
      if (delays.length === count) resolve();
    };
  });
  const begun = performance.now();
  for (const [n, { token }] of fresh.entries()) {
    const dueAt = begun + (n * 1000) / LOW_RATE_PER_SECOND;
    while (performance.now() < dueAt) await delay(1);
    sentAt.set(token, performance.now());
    fleet.send(frames.map((own) => own[n] as Buffer));
  }
  await all;
  return delays;
}

function untilWoken(stage: Stage, woken: Map<string, number>, due: number): Promise<void> {
  return new Promise((resolve) => {
    stage.pushService.onPush = (token) => {
      woken.set(token, (woken.get(token) ?? 0) + 1);
      if (woken.size === due) resolve();
    };
  });
}
