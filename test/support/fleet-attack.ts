import { setTimeout as delay } from 'node:timers/promises';

import type { NostrEvent } from 'nostr-tools/pure';

import { many, pick, seededDraw, type Draw } from './draw.ts';
import { FleetAccount } from './fleet-account.ts';
import {
  eventsFor,
  fleetOfPrograms,
  keyOf,
  register,
  tokenOf,
  type FleetOfPrograms,
  type FleetProgram,
} from './fleet-of-programs.ts';
import { post } from './http.ts';

const EVENTS = 240;
/** Each event is for a device of its own, but for one in four. */
const DEVICES = EVENTS;
const LOAD_MS = 12_000;
/** So many devices register at once. */
const AT_ONCE = 40;
const LATENCIES_MS = [0, 20, 60, 250] as const;
/** So long before and after a fault begins or ends, what is under way may wake twice. */
const EDGE_MS = 1500;
/** By then every server has been heard of again, and what was left is taken over. */
const SETTLED_MS = 15_000;

/** What goes wrong, for about so long. */
export type Fault = (attack: FleetAttack, ms: number, draw: Draw) => Promise<void>;

/** A fleet of real programs with random events, registrations and faults. All of it depends on the seed, but for the times at which the programs act. */
export class FleetAttack {
  readonly account = new FleetAccount();
  readonly fleet: FleetOfPrograms;
  readonly #draw: Draw;
  readonly #absent = new Set<FleetProgram>();
  #isEngineDisturbed = false;

  private constructor(fleet: FleetOfPrograms, draw: Draw) {
    this.fleet = fleet;
    this.#draw = draw;
  }

  static async start(seed: number): Promise<FleetAttack> {
    const draw = seededDraw(seed);
    const servers = 2 + draw(3);
    const fleet = await fleetOfPrograms({ servers, latencyMs: pick(draw, LATENCIES_MS), hasReplica: true });
    return new FleetAttack(fleet, draw);
  }

  /** The servers that run and listen. */
  get present(): FleetProgram[] {
    return this.fleet.servers.filter((server) => !this.#absent.has(server));
  }

  numberOf(server: FleetProgram): number {
    return this.fleet.servers.indexOf(server);
  }

  /** A server that may fail without the fleet being without any; `undefined` if there is none. */
  victim(draw: Draw): FleetProgram | undefined {
    const { present } = this;
    return present.length < 2 ? undefined : pick(draw, present);
  }

  /** The server is away while this happens. */
  async without(server: FleetProgram, happen: () => Promise<void>): Promise<void> {
    this.#absent.add(server);
    await happen();
    if (server.program.isRunning) this.#absent.delete(server);
    else this.account.ended(this.numberOf(server));
  }

  /** Something happens to the engine, one thing at a time. */
  async atEngine(happen: () => Promise<void>): Promise<void> {
    if (this.#isEngineDisturbed) return;
    this.#isEngineDisturbed = true;
    this.edge();
    await happen();
    this.edge(2 * EDGE_MS);
    this.#isEngineDisturbed = false;
  }

  /** A fault begins or ends now. */
  edge(ms = EDGE_MS): void {
    const now = performance.now();
    this.account.disturbed(now - EDGE_MS, now + ms);
  }

  /** Events and registrations for some seconds, and these faults meanwhile. Resolves when everything is well again and has had time to be done. */
  async run(faults: readonly Fault[]): Promise<void> {
    await this.#registerAll();
    const begunAt = performance.now();
    const tasks: Promise<void>[] = [];
    // Each has draws of its own: in which order they happen must not change them.
    const at = (ms: number, happen: (draw: Draw) => Promise<void> | void): void => {
      const draw = seededDraw(this.#draw(2 ** 31));
      tasks.push(delay(begunAt + ms - performance.now()).then(() => happen(draw)));
    };
    for (const fault of faults) {
      const ms = 500 + this.#draw(9500);
      at(1500 + this.#draw(LOAD_MS / 2), (draw) => fault(this, ms, draw));
    }
    for (const [n, event] of this.#events().entries())
      at((LOAD_MS * n) / EVENTS, (draw) => this.#publish(event, n, draw));
    for (let changes = this.#draw(20); changes > 0; changes--)
      at(this.#draw(LOAD_MS), (draw) => this.#change(draw));
    for (let chats = this.#draw(10); chats > 0; chats--) at(this.#draw(LOAD_MS), (draw) => this.#chat(draw));
    await Promise.all(tasks);
    await this.#untilDone();
  }

  async #registerAll(): Promise<void> {
    const one = async (n: number): Promise<void> => {
      const server = this.fleet.servers[n % this.fleet.servers.length] as FleetProgram;
      const acknowledge = this.account.ask(keyOf(n), tokenOf(n));
      while ((await register(server, keyOf(n), tokenOf(n))).status !== 200);
      acknowledge();
    };
    for (let from = 0; from < DEVICES; from += AT_ONCE)
      await Promise.all(Array.from({ length: AT_ONCE }, (_, n) => one(from + n)));
    // The last of them are heard of everywhere.
    await delay(2000);
  }

  #events(): NostrEvent[] {
    return eventsFor(DEVICES).map((event, n) => {
      const [further = event] = eventsFor(1, this.#draw(n + 1));
      return this.#draw(4) === 0 ? further : event;
    });
  }

  /** An event comes by the common relay, or by the own relays of one or two servers; sometimes behind a forged copy, and sometimes twice. */
  #publish(event: NostrEvent, n: number, draw: Draw): void {
    const { fleet, present } = this;
    const isCommon = draw(5) < 3;
    const isStored = isCommon && draw(5) < 3;
    const servers = isCommon ? present : many(1 + draw(2), () => pick(draw, present));
    const relays = isCommon ? [fleet.relay] : servers.map(({ ownRelay }) => ownRelay);
    const copies = [...(draw(5) === 0 ? [{ ...event, sig: '0'.repeat(128) }] : []), event];
    if (draw(4) === 0) copies.push(event);
    if (isStored) fleet.relay.store(event);
    this.account.arrivals.push({
      what: `event ${n}${isStored ? ', stored,' : ''} at ${servers.map((server) => this.numberOf(server)).join('+')}`,
      key: event.tags[0]?.[1] ?? '',
      at: performance.now(),
      servers: servers.map((server) => this.numberOf(server)),
      isStored,
    });
    for (const copy of copies) for (const relay of relays) relay.broadcast(copy);
  }

  /** A key is registered for another device, or unregistered. */
  async #change(draw: Draw): Promise<void> {
    const server = pick(draw, this.present);
    const key = keyOf(draw(DEVICES));
    const token = draw(2) === 0 ? tokenOf(draw(2 * DEVICES)) : undefined;
    const acknowledge = this.account.ask(key, token);
    const asked =
      token === undefined
        ? post(`${server.apiUrl}/api/unregister`, { trade_pubkey: key })
        : register(server, key, token);
    // A server that is killed meanwhile does not answer.
    const answer = await asked.catch(() => undefined);
    if (answer?.status === 200) acknowledge();
  }

  async #chat(draw: Draw): Promise<void> {
    const server = pick(draw, this.present);
    const number = this.numberOf(server);
    const key = keyOf(draw(DEVICES));
    const at = performance.now();
    await post(`${server.apiUrl}/api/notify`, { trade_pubkey: key }).catch(() => undefined);
    this.account.arrivals.push({ what: `chat at ${number}`, key, at, servers: [number], isStored: false });
  }

  async #untilDone(): Promise<void> {
    const { pushes } = this.fleet.google;
    const healedAt = performance.now();
    for (let patience = 600; patience > 0; patience--) {
      await delay(100);
      const isSettled = performance.now() - healedAt > SETTLED_MS;
      if (isSettled && this.account.lost(pushes.all).length === 0) return;
    }
  }
}
