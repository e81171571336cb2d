import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';

import type { Device } from '../devices.ts';
import { registration, type Program } from '../program.ts';
import type { Stage } from '../stage.ts';
import type { MeasuredEngine } from './engine.ts';

const POLL_MS = 20;

/** Processor time of an activity, without what the processes take when nothing happens. */
export interface FleetSpan {
  /** Of each server. */
  readonly serversMs: readonly number[];
  readonly engineMs: number;
}

/** Servers that work as one, or a single one with `STORE=file`. Each has a relay of its own: all events are sent to all. */
export class Fleet implements AsyncDisposable {
  readonly name: string;
  readonly servers: readonly Program[];
  readonly #stage: Stage;
  readonly #engine: MeasuredEngine;
  #registrations = 0;
  /** What happens in a millisecond in which nobody asks for anything, in milliseconds. */
  #idle: FleetSpan = { serversMs: [], engineMs: 0 };

  private constructor(name: string, servers: readonly Program[], stage: Stage, engine: MeasuredEngine) {
    this.name = name;
    this.servers = servers;
    this.#stage = stage;
    this.#engine = engine;
  }

  static async start(
    stage: Stage,
    engine: MeasuredEngine,
    { count, environment, name }: FleetOptions,
  ): Promise<Fleet> {
    const servers: Program[] = [];
    for (let n = 0; n < count; n++) servers.push(await stage.program(`${name}-${n}`, { environment }));
    return new Fleet(name, servers, stage, engine);
  }

  /** Measures what all of these cost when nothing happens. */
  static async rest(fleets: readonly Fleet[], ms: number): Promise<void> {
    const spans = await Promise.all(fleets.map((fleet) => fleet.#measure(() => delay(ms))));
    for (const [index, fleet] of fleets.entries()) {
      const { serversMs = [], engineMs = 0, wallMs = 1 } = spans[index] ?? {};
      fleet.#idle = { serversMs: serversMs.map((cpuMs) => cpuMs / wallMs), engineMs: engineMs / wallMs };
    }
  }

  /** Processor time that the servers take when nothing happens, as a share of a core. */
  get idle(): readonly number[] {
    return this.#idle.serversMs;
  }

  /** Measures an activity. */
  async during(activity: () => Promise<unknown>): Promise<FleetSpan> {
    const { engineMs, serversMs, wallMs } = await this.#measure(activity);
    return {
      serversMs: serversMs.map((cpuMs, n) => cpuMs - wallMs * (this.#idle.serversMs[n] ?? 0)),
      engineMs: engineMs - wallMs * this.#idle.engineMs,
    };
  }

  /** Registers devices, with plain tokens, at all servers alike. Resolves when every server has all of them. */
  async register(devices: readonly Device[]): Promise<void> {
    await this.post(devices.map(registration));
    await this.inStep();
  }

  /** The same with bodies for new keys. */
  async post(bodies: readonly string[]): Promise<void> {
    const { servers } = this;
    await Promise.all(
      servers.map(async ({ api }, n) => {
        const own = bodies.filter((_, index) => index % servers.length === n);
        await api.post('/api/register', own.length, (index) => own[index] as string);
      }),
    );
    this.#registrations += bodies.length;
  }

  /** Resolves when every server has all registrations. */
  async inStep(): Promise<void> {
    await Promise.all(
      this.servers.map(async (server) => {
        while ((await server.metric('registrations')) < this.#registrations) await delay(POLL_MS);
      }),
    );
  }

  /** What each server's relay sends for these events. @param events as JSON */
  frames(events: readonly string[]): Buffer[][] {
    return this.servers.map((_, n) => this.#stage.relay.frames(`${this.name}-${n}`, events));
  }

  /** Sends each server what {@link frames} made for it. */
  send(frames: readonly Buffer[]): void {
    for (const [n, bytes] of frames.entries()) this.#stage.relay.send(`${this.name}-${n}`, bytes);
  }

  /** The sum of a metric over all servers. */
  async metric(name: string): Promise<number> {
    const values = await Promise.all(this.servers.map((server) => server.metric(name)));
    return values.reduce((sum, value) => sum + value, 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.servers.map((server) => server[Symbol.asyncDispose]()));
  }

  async #measure(activity: () => Promise<unknown>): Promise<FleetSpan & { readonly wallMs: number }> {
    const read = (): Promise<number[]> =>
      Promise.all(this.servers.map(async (server) => (await server.reading()).cpuMs));
    const [before, engineBefore] = [await read(), this.#engine.cpuMs()];
    const begun = performance.now();
    await activity();
    const wallMs = performance.now() - begun;
    const after = await read();
    return {
      serversMs: after.map((cpuMs, n) => cpuMs - (before[n] ?? 0)),
      engineMs: this.#engine.cpuMs() - engineBefore,
      wallMs,
    };
  }
}

interface FleetOptions {
  readonly name: string;
  /** Servers. */
  readonly count: number;
  readonly environment: Readonly<Record<string, string>>;
}
