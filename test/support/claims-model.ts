import type { ClaimReason, SharedWake } from '../../src/core/fleet/wake-share.ts';
import type { TradePubkey } from '../../src/core/registry/trade-pubkey.ts';
import type { Schedule } from '../../src/core/basics/clock.ts';
import { PATIENCE_MS } from '../../stand-ins/patience.ts';
import { EngineFleet, realSchedule, type EngineMember } from './engine-fleet.ts';
import type { EngineServer } from './redis-engine.ts';
import { TcpProxy } from './tcp-proxy.ts';

/** Timers of at least this length are the test's: it fires them. */
const LONG_MS = 1000;
const LEASE_MS = 600_000;

/** A wake that a server has won and not sent. */
interface OpenWake {
  readonly event: number;
  readonly wake: SharedWake;
}

/** One server of the model: what stands above its claims is the shortest that keeps the rules. */
export interface ModelServer extends EngineMember {
  readonly proxy: TcpProxy;
  /** Events that came from a relay, whose owner is another server. */
  readonly watched: Set<number>;
  readonly open: OpenWake[];
  readonly fire: () => void;
  /** What came from other servers while it stood still. */
  readonly held: (() => void)[];
  state: 'alive' | 'frozen' | 'cut' | 'dead';
}

export function idOf(event: number): string {
  return event.toString(16).padStart(2, '0').repeat(32);
}

/** Each event is for a device of its own, or shares one with others. */
export function wakeFor(event: number): SharedWake {
  const device = `device ${event % 5}`;
  return {
    device,
    group: device,
    keys: ['ab'.repeat(32) as TradePubkey],
    kind: 'silent_wake',
    isVouched: false,
  };
}

/**
 * Servers with real claims at a real engine, and what may become of each event by the promise (contract 10): none is lost that a living
 * server saw, and only those are woken twice that were under way when something failed.
 */
export class ClaimsModel implements AsyncDisposable {
  readonly servers: ModelServer[] = [];
  /** By event, how often its device was woken for it. */
  readonly woken = new Map<number, number>();
  /** Events that were seen by a server that lived, and must be woken. */
  readonly seen = new Set<number>();
  /** Events that were under way when something failed. */
  readonly mayDouble = new Set<number>();
  /** Events that only a dead server and a lost engine knew. */
  readonly mayLose = new Set<number>();
  readonly #wokenBy = new Map<number, ModelServer>();
  /** By event, who has handed it to another server. */
  readonly #handedBy = new Map<number, ModelServer>();
  readonly #engine: EngineServer;
  readonly #fleet: EngineFleet;

  constructor(engine: EngineServer) {
    this.#engine = engine;
    this.#fleet = new EngineFleet(engine, {
      leaseMs: LEASE_MS,
      graceMs: -LEASE_MS,
      beatMs: LONG_MS,
      aloneMs: LEASE_MS,
    });
  }

  /** Ends the servers and the engine, however the walk went: servers that go on dialling could come to the engine of another walk. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const { engine, proxy, share } of this.servers) {
      share.stop();
      await Promise.all([engine.close(), proxy.close()]);
    }
    await this.#engine.kill();
  }

  get alive(): ModelServer[] {
    return this.servers.filter(({ state }) => state === 'alive' || state === 'cut');
  }

  async join(): Promise<void> {
    const timers = new Set<() => void>();
    const schedule: Schedule = (ms, callback) => {
      if (ms < LONG_MS) return realSchedule(ms, callback);
      timers.add(callback);
      return () => timers.delete(callback);
    };
    const proxy = await TcpProxy.start(this.#engine.port);
    const held: (() => void)[] = [];
    const listener = {
      onHanded: (event: string, wake: SharedWake): Promise<void> =>
        new Promise((resolve, reject) => {
          const act = (): void => {
            this.#claim(server, Number.parseInt(event.slice(0, 2), 16), wake, 'handed').then(
              () => resolve(),
              reject,
            );
          };
          if (server.state === 'frozen') held.push(act);
          else act();
        }),
      onOwed: () => undefined,
      onPaused: () => undefined,
      windowsOf: () => [],
      running: () => [],
      onMembership: () => undefined,
      onTold: () => undefined,
    };
    const member = await this.#fleet.join(listener, { port: proxy.port, schedule });
    const fire = (): void => {
      const due = [...timers];
      timers.clear();
      for (const callback of due) callback();
    };
    const server: ModelServer = Object.assign(member, {
      proxy,
      held,
      fire,
      watched: new Set<number>(),
      open: [],
      state: 'alive' as const,
    });
    this.servers.push(server);
  }

  /** A relay sends the event to the server. */
  async see(server: ModelServer, event: number): Promise<void> {
    this.seen.add(event);
    if (this.#isDisturbed) this.mayDouble.add(event);
    const wake = wakeFor(event);
    if (server.open.some((open) => open.event === event)) return;
    if (server.share.owns(wake.group)) await this.#claim(server, event, wake, 'own');
    else server.watched.add(event);
  }

  /** The server looks whether the owners of the events that it watches have acted. */
  async look(server: ModelServer): Promise<void> {
    for (const event of server.watched) {
      const wake = wakeFor(event);
      const [standing] = await server.share.look([{ event: idOf(event), device: wake.device }]);
      if (standing === 'unknown') {
        if (server.share.owns(wake.group)) await this.#claim(server, event, wake, 'own');
        continue;
      }
      if (standing === 'open') await this.#claim(server, event, wake, 'open');
      server.watched.delete(event);
    }
  }

  /** The server sends what it has won. @param how what becomes of a wake that it sends */
  async send(server: ModelServer, how: 'sent' | 'dropped' = 'sent'): Promise<void> {
    for (const { event, wake } of server.open.splice(0)) {
      const may = await server.share.mayStillSend(wake.device);
      if (may && how === 'sent') {
        this.woken.set(event, (this.woken.get(event) ?? 0) + 1);
        this.#wokenBy.set(event, server);
      }
      // A wake that is dropped is seen again by a recovery.
      else if (may) server.watched.add(event);
      server.share.end(idOf(event), wake, may ? how : 'dropped');
    }
    await server.share.flush();
  }

  async beat(server: ModelServer): Promise<void> {
    server.fire();
    await this.#rest();
  }

  async kill(server: ModelServer): Promise<void> {
    this.#disturb();
    // What it did not reach the engine with, nobody else has.
    const own = [...server.watched, ...(server.state === 'cut' ? server.open.map(({ event }) => event) : [])];
    server.state = 'dead';
    await this.#fleet.kill(server);
    for (const event of own) if (!this.woken.has(event) && !this.#isKnown(event)) this.mayLose.add(event);
    server.open.length = 0;
  }

  /** The server stands still until its lease is over. */
  async freeze(server: ModelServer): Promise<void> {
    this.#disturb();
    server.state = 'frozen';
    await this.#fleet.expire(server);
    server.skip(LEASE_MS);
  }

  async thaw(server: ModelServer): Promise<void> {
    server.state = 'alive';
    for (const act of server.held.splice(0)) act();
    await this.beat(server);
  }

  /** The server does not reach the engine, and its lease is over. */
  async cut(server: ModelServer): Promise<void> {
    this.#disturb();
    server.state = 'cut';
    server.proxy.refuse();
    await this.#until(() => !server.engine.isUp);
    await this.#fleet.expire(server);
    server.skip(LEASE_MS);
  }

  async heal(server: ModelServer): Promise<void> {
    server.proxy.restore();
    await this.#until(() => server.engine.isUp);
    server.state = 'alive';
    await this.beat(server);
  }

  /** The engine dies and comes back as it was at its last {@link save}, or empty. */
  async failOver({ isEmpty }: { readonly isEmpty: boolean }): Promise<void> {
    this.#disturb();
    await this.#engine.kill();
    for (const event of this.seen)
      if (!this.woken.has(event) && !this.#isKnown(event)) this.mayLose.add(event);
    // What was done by a server that cannot speak, nobody tells the engine again in time.
    for (const [event, { state }] of this.#wokenBy) if (state !== 'alive') this.mayDouble.add(event);
    await (isEmpty ? this.#engine.runEmpty() : this.#engine.run());
    // An older copy of the engine takes the dead for alive, and the former ids of the living, until their leases are over.
    const ids = (await this.#engine.commandBuffer('ZRANGE', this.#fleet.names.members, 0, -1)) as Buffer[];
    for (const id of ids) {
      const isSpeaking = this.servers.some(
        ({ share, state }) => state === 'alive' && share.session.equals(id),
      );
      if (!isSpeaking) await this.#engine.command('DEL', this.#fleet.names.aliveKey(id));
    }
    const speaking = this.servers.filter(({ state }) => state === 'alive');
    for (const server of speaking) await this.#until(() => server.engine.isUp);
    for (const { share } of speaking) await share.flush();
  }

  async save(): Promise<void> {
    await this.#engine.command('SAVE');
  }

  /** Everything is well again, and everything is done. */
  async settle(isDone: () => boolean): Promise<void> {
    for (const server of this.servers) {
      if (server.state === 'frozen') await this.thaw(server);
      if (server.state === 'cut') await this.heal(server);
    }
    for (let round = 0; round < 60 && !isDone(); round++) await this.#round();
  }

  /** Copies of all events that were woken come to all servers. */
  async repeat(): Promise<void> {
    await this.#round();
    for (const server of this.alive) for (const event of this.woken.keys()) await this.see(server, event);
    for (let round = 0; round < 2; round++) await this.#round();
  }

  async #round(): Promise<void> {
    for (const server of this.alive) {
      await this.beat(server);
      await this.look(server);
      await this.send(server);
    }
  }

  /** Whether a living server has the event in its own memory. */
  #isKnown(event: number): boolean {
    if (this.#handedBy.get(event)?.state === 'alive') return true;
    return this.servers.some(
      ({ open, state, watched }) =>
        state !== 'dead' && (watched.has(event) || open.some((one) => one.event === event)),
    );
  }

  get #isDisturbed(): boolean {
    return this.servers.some(({ state }) => state === 'frozen' || state === 'cut');
  }

  /** Something fails. What is not woken yet is under way. */
  #disturb(): void {
    for (const event of this.seen)
      if (!this.woken.has(event) || this.#isOpen(event)) this.mayDouble.add(event);
  }

  #isOpen(event: number): boolean {
    return this.servers.some(({ open }) => open.some((one) => one.event === event));
  }

  async #claim(server: ModelServer, event: number, wake: SharedWake, reason: ClaimReason): Promise<void> {
    const [claim] = await server.share.claim(idOf(event), [wake], reason);
    if (claim?.outcome === 'won') server.open.push({ event, wake });
    else if (claim?.outcome === 'handed') this.#handedBy.set(event, server);
  }

  /** What was set going has had its time. */
  async #rest(): Promise<void> {
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setTimeout(resolve, 2));
    for (const server of this.alive) await server.share.flush();
  }

  async #until(isSo: () => boolean): Promise<void> {
    for (const since = performance.now(); !isSo();) {
      const problems = this.servers.map(({ engine, state }) => [state, engine.problem]);
      if (performance.now() - since > PATIENCE_MS) throw new Error(JSON.stringify(problems));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}
