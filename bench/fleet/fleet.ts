import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';

import type { Device } from '../devices.ts';
import { registration, type Program } from '../program.ts';
import type { Stage } from '../stage.ts';
import type { MeasuredEngine } from './engine.ts';

const POLL_MS = 20;
const NOTHING = Buffer.alloc(0);

/** Processor time of an activity, without what the processes take when nothing happens. */
export interface FleetSpan {
  /** Of each server. */
  readonly serversMs: readonly number[];
  readonly engineMs: number;
}

/**
 * Servers that work as one, or a single one with `STORE=file`. Each has a relay of its own: all events are sent to all. Or as many servers
 * _apart_: each is a fleet of its own, and has its own devices and events.
 */
export class Fleet implements AsyncDisposable {
  readonly name: string;
  readonly servers: readonly Program[];
  readonly #isApart: boolean;
  readonly #stage: Stage;
  readonly #engine: MeasuredEngine;
  #registrations = 0;
  /** What happens in a millisecond in which nobody asks for anything, in milliseconds. */
  #idle: FleetSpan = { serversMs: [], engineMs: 0 };

  private constructor(
    { isApart = false, name }: Pick<FleetOptions, 'isApart' | 'name'>,
    servers: readonly Program[],
    stage: Stage,
    engine: MeasuredEngine,
  ) {
    this.name = name;
    this.#isApart = isApart;
    this.servers = servers;
    this.#stage = stage;
    this.#engine = engine;
  }

  static async start(stage: Stage, engine: MeasuredEngine, options: FleetOptions): Promise<Fleet> {
    const servers: Program[] = [];
    for (let n = 0; n < options.count; n++)
      servers.push(await stage.program(`${options.name}-${n}`, { environment: options.environment(n) }));
    return new Fleet(options, servers, stage, engine);
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
    const due = this.#isApart ? this.#registrations / this.servers.length : this.#registrations;
    await Promise.all(
      this.servers.map(async (server) => {
        while ((await server.metric('registrations')) < due) await delay(POLL_MS);
      }),
    );
  }

  /** What each server's relay sends for these events. @param events as JSON */
  frames(events: readonly string[]): Buffer[][] {
    return this.servers.map((_, n) => {
      const frames = this.#stage.relay.frames(`${this.name}-${n}`, events);
      const isOwn = (index: number): boolean => !this.#isApart || index % this.servers.length === n;
      return frames.map((frame, index) => (isOwn(index) ? frame : NOTHING));
    });
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
  /** Of server n. */
  readonly environment: (n: number) => Readonly<Record<string, string>>;
  /** Each server is a fleet of its own. */
  readonly isApart?: boolean;
}
