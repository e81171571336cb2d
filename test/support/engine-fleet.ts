import type { Schedule } from '../../src/core/basics/clock.ts';
import { Secret } from '../../src/core/basics/secret.ts';
import type { WakeShareListener } from '../../src/core/fleet/wake-share.ts';
import { FleetWakeShare } from '../../src/fleet/claims/fleet-wake-share.ts';
import type { FleetTiming } from '../../src/fleet/claims/fleet-session.ts';
import type { RedisEngine } from '../../src/fleet/engine/redis-engine.ts';
import { ValueSealer } from '../../src/fleet/engine/value-sealer.ts';
import { FakeTelemetry } from './fake-telemetry.ts';
import { fleetNames, openEngine } from './fleet-engine.ts';
import { keep } from './keep.ts';
import { EngineServer } from './redis-engine.ts';

/** Nobody dies by its lease, however slow the machine is: {@link EngineFleet.kill} ends it. The others hear of a death with their next beat. */
const DEADLY: FleetTiming = { leaseMs: 600_000, beatMs: 50, graceMs: -600_000, tellMs: 0, aloneMs: 600_000 };

export const realSchedule: Schedule = (ms, callback) => {
  const timer = setTimeout(callback, ms);
  return () => clearTimeout(timer);
};

/** One server of an {@link EngineFleet}, without anything above its claims. */
export interface EngineMember {
  readonly share: FleetWakeShare;
  readonly engine: RedisEngine;
  readonly telemetry: FakeTelemetry;
  readonly faults: unknown[];
  /** Makes so much time pass for this server, as if its process had stood still: its lease is not touched. */
  readonly skip: (ms: number) => void;
}

/** Servers of one fleet in the test's own process, on a real engine. */
export class EngineFleet {
  readonly server: EngineServer;
  readonly names = fleetNames();
  readonly #timing: FleetTiming;

  /** @param timing of its servers */
  constructor(server: EngineServer, timing: Partial<FleetTiming> = {}) {
    this.server = server;
    this.#timing = { ...DEADLY, ...timing };
  }

  static async start(timing: Partial<FleetTiming> = {}): Promise<EngineFleet> {
    return new EngineFleet(await EngineServer.start(), timing);
  }

  /** A server starts. @param port of a proxy before the engine @param beatMs another time between its beats @param schedule its timers @param isCurrent whether it has all registrations */
  async join(
    listener: WakeShareListener,
    {
      port = this.server.port,
      beatMs = this.#timing.beatMs,
      schedule = realSchedule,
      isCurrent = (): boolean => true,
    } = {},
  ): Promise<EngineMember> {
    const engine = await openEngine(this.server.address({ port }), { names: this.names });
    const telemetry = new FakeTelemetry();
    const faults: unknown[] = [];
    let skipped = 0;
    const share = new FleetWakeShare(
      {
        engine,
        names: this.names,
        sealer: new ValueSealer(new Secret(Buffer.alloc(32, 1))),
        schedule,
        monotonic: () => performance.now() + skipped,
        listener,
        groupOf: (device) => device,
        isCurrent,
        telemetry,
        onFault: (fault) => void faults.push(fault),
      },
      { ...this.#timing, beatMs },
    );
    await share.start();
    const stop = new AbortController();
    const reading = engine.tail(
      () => share.streams(),
      (key, entries) => share.onEntries(key, entries),
      stop.signal,
    );
    keep({
      [Symbol.asyncDispose]: async () => {
        share.stop();
        stop.abort();
        await reading;
      },
    });
    return { share, engine, telemetry, faults, skip: (ms) => void (skipped += ms) };
  }

  /** The server dies without a word, and its lease is over. */
  async kill({ engine, share }: Pick<EngineMember, 'engine' | 'share'>): Promise<void> {
    const { session } = share;
    share.stop();
    await engine.close();
    await this.server.command('DEL', this.names.aliveKey(session));
  }

  /** The lease of the server is over, and it does not know. */
  async expire({ share }: Pick<EngineMember, 'share'>): Promise<void> {
    await this.server.command('DEL', this.names.aliveKey(share.session));
  }
}
