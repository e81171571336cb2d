import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { NostrEvent } from 'nostr-tools/pure';

import { generatePrivateKey } from '../../src/crypto/server-key.ts';
import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { devices, type Device } from '../devices.ts';
import { Program } from '../program.ts';
import { PushService } from '../push-service.ts';
import { giftWraps } from '../wire-events.ts';
import { Background } from './background.ts';
import { BurstOrder } from './burst-order.ts';
import { Chance } from './chance.ts';
import { offsetOf, slottedEchoes } from './echoes.ts';
import { Flocks } from './flocks.ts';
import { JointAttack } from './joint-attack.ts';
import { DAY } from './market.ts';
import type { PushLog } from './push-log.ts';
import { SimpleAttack } from './simple-attack.ts';

const DEVICES = 64;
/** Each trade key belongs to a device of its own. */
const KEYS = 32;
const EVENTS = 5;
/** How long the market lasts, in seconds: so long that a cohort is woken in some third of the slots. */
const SECONDS = 40;
const SLOT = 1;
/** From the relay to the program on one machine. */
const WAY = { least: 0, scale: 0.02 };

/** What the attackers find out about the compiled program. */
export interface RealExposure {
  /** The share of keys for which each attacker names the right device, after all events. */
  readonly simple: number;
  readonly joint: number;
  /** Groups of devices that were always woken together. */
  readonly flocks: number;
  /** Pushes that the carrier saw. */
  readonly pushes: number;
  /** Where in its burst the device came that an event was for: the mean, from 0 for the first to 1 for the last, and its standard error by chance. */
  readonly place: { readonly mean: number; readonly error: number };
}

/** Attacks the compiled program, with real sockets to a relay and to a push service, in slots of one second. */
export async function realExposure(environment: Readonly<Record<string, string>>): Promise<RealExposure> {
  const directory = await mkdtemp(join(tmpdir(), 'mostro-push-privacy-'));
  try {
    await using relay = await RelayStandIn.start();
    await using carrier = await PushService.start(directory);
    await using program = await Program.start(
      {
        NOSTR_RELAYS: relay.url,
        SERVER_PRIVATE_KEY: generatePrivateKey(),
        DATA_DIR: join(directory, 'data'),
        WAKE_SLOT_SECONDS: `${SLOT}`,
        ...carrier.environment,
        ...environment,
      },
      [],
    );
    await relay.subscribed(1059);
    const phones = devices(DEVICES);
    await program.register(DEVICES, (n) => phones[n] as Device);
    const keys = owners(phones).map(({ token }) => ({ token, tradePubkey: randomBytes(32).toString('hex') }));
    await program.register(KEYS, (n) => keys[n] as Device);
    const log = watch(carrier, phones);
    const shown = await play(relay, keys);
    await sleep(3 * SLOT * 1000);
    return judged(log, shown);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** The devices that trade: every second one, so that each cohort has some. */
function owners(phones: readonly Device[]): Device[] {
  return phones.filter((_, n) => n % (DEVICES / KEYS) === 0);
}

function ownerOf(key: number): number {
  return (key * DEVICES) / KEYS;
}

const seconds = (): number => performance.now() / 1000;

/** Notes every push from now on. */
function watch(carrier: PushService, phones: readonly Device[]): PushLog {
  const numbers = new Map(phones.map(({ token }, n) => [token, n]));
  const log = { devices: phones.length, who: [] as number[], when: [] as number[] };
  carrier.onPush = (token) => {
    const device = numbers.get(token);
    if (device === undefined) return;
    log.who.push(device);
    log.when.push(seconds());
  };
  return log;
}

/** Publishes events for each key, at random times. @returns by key, when the relay showed its events */
async function play(relay: RelayStandIn, keys: readonly Device[]): Promise<number[][]> {
  const chance = new Chance(1);
  const steps = keys
    .flatMap((_, key) => Array.from({ length: EVENTS }, () => ({ key, at: SECONDS * chance.uniform() })))
    .toSorted((a, b) => a.at - b.at);
  const wraps = await giftWraps(steps.map(({ key }) => keys[key]?.tradePubkey ?? ''));
  const shown = keys.map((): number[] => []);
  const start = seconds();
  for (const [n, { at, key }] of steps.entries()) {
    await sleep(Math.max(0, (start + at - seconds()) * 1000));
    relay.broadcast(JSON.parse(wraps[n] ?? '') as NostrEvent);
    shown[key]?.push(seconds());
  }
  return shown;
}

function judged(log: PushLog, shown: readonly (readonly number[])[]): RealExposure {
  const model = slottedEchoes(SLOT, offsetOf(log.when, SLOT), WAY);
  const flocks = new Flocks(log, (at) => model.moment(at));
  const days = SECONDS / DAY;
  const evidence = { flocks, background: new Background(flocks.all, days), model };
  const [simple, joint] = [new SimpleAttack(evidence), new JointAttack(evidence, shown, days)].map(
    (attacker) =>
      mean(shown.map((events, key) => attacker.naming(ownerOf(key), events, [EVENTS], key)[0] ?? 0)),
  );
  const order = new BurstOrder(log, flocks, model);
  const places = shown
    .flatMap((events, key) => order.places(ownerOf(key), events))
    .filter((place) => !Number.isNaN(place));
  return {
    simple: simple ?? 0,
    joint: joint ?? 0,
    flocks: flocks.all.length,
    pushes: log.who.length,
    // The standard deviation of one place among eight.
    place: { mean: mean(places), error: 0.33 / Math.sqrt(places.length) },
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
