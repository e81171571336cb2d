import type { WakeShareListener } from '../../src/core/fleet/wake-share.ts';
import { deviceOf } from '../../src/core/registry/push-target.ts';
import type { FakeSchedule } from './fake-schedule.ts';
import { FakeFleetData, type FleetOfFakes, type Handed } from './fake-fleet-data.ts';
import { FakeWakeShare } from './fake-wake-share.ts';

/**
 * Several servers of a fleet in one process: all that `WakeShare` promises, without an engine. Time is that of a `FakeSchedule`.
 *
 * A test says which server owns a group with {@link FakeFleet.rank}, and brings about what goes wrong: `kill`, `freeze` and `thaw`, `cutOff`
 * and `reconnect` of one server, `stop` and `start` of the engine.
 */
export class FakeFleet implements FleetOfFakes<FakeWakeShare> {
  readonly schedule: FakeSchedule;
  readonly servers: FakeWakeShare[] = [];
  /** The first server of this order that is alive owns the group. */
  rank: (group: string) => readonly FakeWakeShare[] = () => this.servers;
  data = new FakeFleetData<FakeWakeShare>();
  isUp = true;

  constructor(schedule: FakeSchedule) {
    this.schedule = schedule;
  }

  readonly #lots = new Map<string, number>();

  /** A server starts. */
  join(listener: WakeShareListener): FakeWakeShare {
    const server = new FakeWakeShare(this, listener);
    this.servers.push(server);
    this.onMembership();
    for (const [lane, until] of this.data.pauses)
      if (until > this.now) listener.onPaused(lane, until - this.now);
    return server;
  }

  lotOf(name: string): number {
    const known = this.#lots.get(name);
    if (known !== undefined) return known;
    this.#lots.set(name, this.#lots.size);
    return this.#lots.size - 1;
  }

  nameOfLot(lot: number): string {
    return [...this.#lots.keys()][lot] ?? '';
  }

  get now(): number {
    return this.schedule.clock.now;
  }

  /** The engine stops answering. */
  stop(): void {
    this.isUp = false;
  }

  /** The engine answers again. @param isEmpty it has lost everything */
  start({ isEmpty = false } = {}): void {
    this.isUp = true;
    if (isEmpty) this.data = new FakeFleetData();
    for (const server of this.servers) server.onUp();
  }

  /** All servers that can see so take over what the dead have left. */
  bury(dead: FakeWakeShare): void {
    this.onMembership();
    const heir = this.servers.find((server) => server.canSpeak);
    if (heir === undefined) return;
    for (const [name, standing] of this.data.claims)
      if (standing !== 'done' && standing.session === dead)
        this.data.claims.set(name, { session: heir, isHandedOnly: true });
    const left: Handed[] = [...dead.pending.values(), ...dead.inbox];
    dead.pending.clear();
    dead.inbox.length = 0;
    for (const handed of left) heir.receive(handed);
    for (const wake of dead.owed.wakes.values()) {
      heir.owed.owe(wake);
      heir.listener.onOwed(wake, heir.left(deviceOf(wake.target)));
    }
    dead.owed.wakes.clear();
  }

  onMembership(): void {
    for (const server of this.servers) if (server.canSpeak) server.listener.onMembership();
  }
}
