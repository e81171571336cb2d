import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';

import { subscriptions, type Device } from '../devices.ts';
import { percentile, type Figure } from '../figure.ts';
import { HostileWorld, refusedPhones, unreadTopics } from '../hostile-world.ts';
import type { Program } from '../program.ts';
import { RogueRelay } from '../rogue-relay.ts';
import type { Stage } from '../stage.ts';
import { giftWraps } from '../wire-events.ts';

const UNDISTURBED = 'undisturbed';
const DISTURBED = 'disturbed';
const PONG_BYTES_PER_SECOND = 1_000_000;
/** Of each of the three groups that are measured. */
const PER_SECOND = 100;
/** The first wakes of dead endpoints come at this pace. */
const DEAD_PER_SECOND = 1000;
const TICK_MS = 1;
/** A wake that takes longer than this, in milliseconds, counts as lost. */
const PATIENCE_MS = 120_000;
/** So many dead endpoints get a further event each second while the others are measured. */
const AGAIN_PER_SECOND = 200;

/** Honest devices that are measured, by where their wakes go. */
const GROUPS = ['Android at FCM', 'one shared push server', 'twenty other push servers'] as const;
type Group = (typeof GROUPS)[number];
type Delays = Record<Group, number[]>;

/**
 * Wakes of honest devices while several parties trouble the program at the same time: 5 000 dead endpoints, three unread topics at the shared
 * push server, three refused iPhones, and a relay that sends a megabyte of pongs a second. An undisturbed program of the same round is beside it.
 */
export async function hostile(stage: Stage): Promise<Figure[]> {
  await using world = await HostileWorld.begin();
  await using rogue = await RogueRelay.start();
  const environment = { UNIFIEDPUSH_ALLOW_PRIVATE_ENDPOINTS: 'true' };
  const rounds: { quiet: Delays; troubled: Delays }[] = [];
  for (let round = 0; round < stage.extent.rounds; round++) {
    let quiet: Delays;
    {
      await using program = await stage.program(UNDISTURBED, { environment });
      quiet = await delaysOf(stage, world, program, UNDISTURBED);
    }
    const relays = [...stage.relay.urls(DISTURBED, 1), rogue.url].join(',');
    await using program = await stage.program(DISTURBED, {
      environment: { ...environment, NOSTR_RELAYS: relays },
    });
    await stage.relay.subscribed(DISTURBED, 1);
    const over = new AbortController();
    const trouble = await begin(stage, world, program, rogue, over.signal);
    const troubled = await delaysOf(stage, world, program, DISTURBED);
    over.abort();
    await trouble.done;
    rounds.push({ quiet, troubled });
  }
  return GROUPS.flatMap((group) => figuresOf(group, rounds));
}

function figuresOf(group: Group, rounds: readonly { quiet: Delays; troubled: Delays }[]): Figure[] {
  return ([0.5, 0.99] as const).map((share) => ({
    what: `wakes beside all hostile parties at once: ${group}, p${share * 100}`,
    unit: 'ms',
    samples: rounds.map(({ troubled }) => percentile(troubled[group], share)),
    limit: {
      what: 'the undisturbed program',
      samples: rounds.map(({ quiet }) => percentile(quiet[group], share)),
    },
    goal: { of: 'ratio', most: share === 0.5 ? 2 : 3 },
    moreIsBetter: false,
  }));
}

/**
 * Registers the devices of the hostile parties, and begins. All events are signed before, because signing would delay the load.
 *
 * @returns when every dead endpoint has had its first event; `done` resolves when the trouble has ended, after the signal
 */
async function begin(
  stage: Stage,
  world: HostileWorld,
  program: Program,
  rogue: RogueRelay,
  over: AbortSignal,
): Promise<{ readonly done: Promise<unknown> }> {
  const dead = world.dead();
  const refused = [...unreadTopics(stage.pushService.endpoints), ...refusedPhones()];
  const all = [...dead, ...refused];
  await program.register(all.length, (n) => all[n] as Device);
  const send = (frame: Buffer): void => stage.relay.send(DISTURBED, frame);
  const first = await framesFor(stage, DISTURBED, all);
  const repeats: Buffer[] = [];
  for (let n = 0; n <= stage.extent.seconds; n++)
    repeats.push(...(await framesFor(stage, DISTURBED, [...refused, ...dead.slice(0, AGAIN_PER_SECOND)])));
  const pongs = rogue.pong(PONG_BYTES_PER_SECOND, over);
  await sendEvenly(first, DEAD_PER_SECOND, send);
  return {
    done: Promise.all([pongs, sendEvenly(repeats, repeats.length / (stage.extent.seconds + 1), send)]),
  };
}

/** Wakes fresh devices of every group at a steady pace. @returns how long each wake took from the relay on, in milliseconds */
async function delaysOf(stage: Stage, world: HostileWorld, program: Program, relay: string): Promise<Delays> {
  const count = PER_SECOND * stage.extent.seconds;
  const { endpoints } = stage.pushService;
  const devices: Record<Group, readonly Device[]> = {
    'Android at FCM': await stage.registered(program, count),
    'one shared push server': subscriptions(count, endpoints),
    'twenty other push servers': world.honest(count),
  };
  const groups = new Map<string, Group>(
    GROUPS.flatMap((group) => devices[group].map(({ token }) => [token, group] as const)),
  );
  // One device of each group in turn.
  const all = Array.from({ length: count }, (_, n) =>
    GROUPS.map((group) => devices[group][n] as Device),
  ).flat();
  const others = all.filter(({ token }) => groups.get(token) !== 'Android at FCM');
  await program.register(others.length, (n) => others[n] as Device);
  const frames = await framesFor(stage, relay, all);

  const delays: Delays = {
    'Android at FCM': [],
    'one shared push server': [],
    'twenty other push servers': [],
  };
  const sentAt = new Map<string, number>();
  let left = all.length;
  const arrived = new Promise<void>((resolve) => {
    const onPush = (token: string): void => {
      const group = groups.get(token);
      if (group === undefined) return;
      delays[group].push(performance.now() - (sentAt.get(token) as number));
      if (--left === 0) resolve();
    };
    stage.pushService.onPush = onPush;
    world.onPush = onPush;
  });
  await sendEvenly(frames, PER_SECOND * GROUPS.length, (frame, n) => {
    sentAt.set((all[n] as Device).token, performance.now());
    stage.relay.send(relay, frame);
  });
  const patience = AbortSignal.timeout(PATIENCE_MS);
  const late = once(patience, 'abort').then(() => {
    throw new Error(`${left} wakes of honest devices did not come within ${PATIENCE_MS} ms`);
  });
  await Promise.race([arrived, late]);
  return delays;
}

async function framesFor(stage: Stage, relay: string, devices: readonly Device[]): Promise<Buffer[]> {
  return stage.relay.frames(relay, await giftWraps(devices.map(({ tradePubkey }) => tradePubkey)));
}

/** Sends frame after frame at a steady pace. */
async function sendEvenly(
  frames: readonly Buffer[],
  perSecond: number,
  send: (frame: Buffer, n: number) => void,
): Promise<void> {
  const begun = performance.now();
  for (let sent = 0; sent < frames.length; await delay(TICK_MS)) {
    const due = Math.min(frames.length, Math.floor(((performance.now() - begun) / 1000) * perSecond));
    for (; sent < due; sent++) send(frames[sent] as Buffer, sent);
  }
}
