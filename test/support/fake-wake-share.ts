import type {
  Claim,
  ClaimReason,
  EventOfDevice,
  EventStanding,
  SharedWake,
  WakeShare,
  WakeShareListener,
} from '../../src/core/fleet/wake-share.ts';
import type { WakeEnd } from '../../src/core/lanes/wake.ts';
import type { DeviceWindow } from '../../src/core/waking/device-window.ts';
import { FakeOwedDevices } from './fake-owed-devices.ts';
import type { FleetOfFakes, Handed, Lease, Standing } from './fake-fleet-data.ts';

/** How long a server that is not heard of counts as alive. */
const LEASE_MS = 5000;

/** The first half of an event's id. */
const HALF_DIGITS = 32;

/** One server of a `FakeFleet`. */
export class FakeWakeShare implements WakeShare {
  readonly listener: WakeShareListener;
  /** What this server has claimed and not ended, as the engine keeps it. */
  readonly pending = new Map<string, Handed>();
  readonly owed = new FakeOwedDevices();
  /** What others have handed to this server and it has not read. */
  readonly inbox: Handed[] = [];
  /** What was claimed here and not ended, as this server knows it. */
  readonly #open = new Map<string, Handed>();
  /** What this server did while the engine did not answer. */
  readonly #untold = new Map<string, WakeEnd | undefined>();
  readonly #reading = new Set<Handed>();
  readonly #fleet: FleetOfFakes<FakeWakeShare>;
  #cancelDeath: (() => void) | undefined;
  #state: 'alive' | 'frozen' | 'cut' | 'killed' = 'alive';
  /** How often the engine answered again. */
  #doubts = 0;
  /** Others have taken over from this server, and it has not said since that it lives. */
  #isBuried = false;

  constructor(fleet: FleetOfFakes<FakeWakeShare>, listener: WakeShareListener) {
    this.#fleet = fleet;
    this.listener = listener;
  }

  /** Counts as a member of the fleet. */
  get isAlive(): boolean {
    return !this.#isBuried && this.#state !== 'killed';
  }

  /** Runs, and reaches the engine. */
  get canSpeak(): boolean {
    return this.#state === 'alive' && this.#fleet.isUp;
  }

  /** `kill -9`. */
  kill(): void {
    this.#state = 'killed';
    this.#die();
  }

  /** A clean stop: others take over at once. */
  leave(): void {
    this.#state = 'killed';
    this.#isBuried = true;
    this.#fleet.bury(this);
  }

  /** The process stands still. A test calls nothing of it until it is thawed. */
  freeze(): void {
    this.#state = 'frozen';
    this.#die();
  }

  thaw(): void {
    this.#revive();
  }

  /** The server runs on and does not reach the engine. */
  cutOff(): void {
    this.#state = 'cut';
    this.#die();
  }

  reconnect(): void {
    this.#revive();
    this.onUp();
  }

  get isCertain(): boolean {
    const devices = [...this.#open.values()].map(({ wake }) => wake.device);
    return this.canSpeak && !this.#isBuried && devices.every((device) => this.#mayStillSend(device));
  }

  get doubts(): number {
    return this.#doubts;
  }

  lotOf(name: string): number {
    return this.#fleet.lotOf(name);
  }

  ownsLot(lot: number): boolean {
    return this.owns(this.#fleet.nameOfLot(lot));
  }

  owns(group: string): boolean {
    return this.#fleet.rank(group).find((server) => server === this || server.isAlive) === this;
  }

  async claim(event: string, wakes: readonly SharedWake[], reason: ClaimReason): Promise<readonly Claim[]> {
    return wakes.map((wake) => this.#claim(event, wake, reason));
  }

  end(event: string, wake: SharedWake, how: WakeEnd): void {
    const name = nameOf(event, wake.device);
    this.#open.delete(name);
    if (!this.canSpeak) return void this.#untold.set(name, how);
    this.#write(name, how);
    this.pending.delete(name);
    this.#release(wake.group);
  }

  leaveWindows(group: string): void {
    if (this.canSpeak) this.#release(group);
  }

  async look(asked: readonly EventOfDevice[]): Promise<readonly EventStanding[]> {
    return asked.map(({ device, event }) => {
      if (!this.canSpeak) return 'unknown';
      const standing = this.#fleet.data.claims.get(nameOf(event, device));
      if (standing === 'done') return 'done';
      return standing?.session.isAlive === true ? 'taken' : 'open';
    });
  }

  mayStillSend(device: string): boolean | Promise<boolean> {
    if (!this.canSpeak) return true;
    return this.#isBuried ? Promise.resolve(this.#mayStillSend(device)) : this.#mayStillSend(device);
  }

  pause(lane: string, ms: number): void {
    if (!this.canSpeak) return;
    const { data, now, servers } = this.#fleet;
    data.pauses.set(lane, Math.max(data.pauses.get(lane) ?? 0, now + ms));
    for (const server of servers) if (server !== this && server.canSpeak) server.listener.onPaused(lane, ms);
  }

  /** Something lies in the inbox. It stays there until the listener has dealt with it. */
  receive(handed: Handed): void {
    this.inbox.push(handed);
    if (this.#state === 'alive') this.#read();
  }

  /** The engine answers again: it is told what was done meanwhile. */
  onUp(): void {
    if (!this.canSpeak) return;
    this.#doubts++;
    for (const [name, how] of this.#untold) this.#write(name, how);
    this.#untold.clear();
    for (const [name, pending] of this.#open) {
      const { claims, leases } = this.#fleet.data;
      if (!isFree(claims.get(name), this)) continue;
      claims.set(name, { session: this, isHandedOnly: false });
      this.pending.set(name, pending);
      if (!leases.has(pending.wake.group)) leases.set(pending.wake.group, { session: this, windows: [] });
    }
    for (const group of this.listener.running(Infinity)) this.#runAgain(group);
    this.#read();
  }

  /** What runs for the group. */
  left(group: string): readonly DeviceWindow[] {
    const { data, now } = this.#fleet;
    return (data.leases.get(group)?.windows ?? [])
      .filter(({ until }) => until > now)
      .map(({ phase, track, until }) => ({ track, phase, ms: until - now }));
  }

  #claim(event: string, wake: SharedWake, reason: ClaimReason): Claim {
    const name = nameOf(event, wake.device);
    const pending = { event, wake };
    if (!this.canSpeak) {
      this.#open.set(name, pending);
      this.#untold.set(name, undefined);
      return { outcome: 'won', windows: [] };
    }
    const { claims, leases } = this.#fleet.data;
    const standing = claims.get(name);
    if (standing === 'done') return { outcome: 'done', windows: [] };
    const isHandedToUs = standing?.session === this && standing.isHandedOnly && reason !== 'open';
    if (standing?.session.isAlive === true && !isHandedToUs) return { outcome: 'taken', windows: [] };
    const owner = reason === 'open' ? this.#ownerOf(wake.group) : this.#leaseholderOf(wake.group);
    if (owner !== undefined && owner !== this) {
      claims.set(name, { session: owner, isHandedOnly: true });
      owner.receive(pending);
      return { outcome: 'handed', windows: [] };
    }
    const lease = leases.get(wake.group);
    claims.set(name, { session: this, isHandedOnly: false });
    leases.set(wake.group, { session: this, windows: lease?.windows ?? [] });
    this.pending.set(name, pending);
    this.#open.set(name, pending);
    for (const other of this.#fleet.servers)
      if (other !== this && other.canSpeak)
        other.listener.onTold(event.slice(0, HALF_DIGITS), this.lotOf(wake.device));
    return { outcome: 'won', windows: lease?.session === this ? [] : this.left(wake.group) };
  }

  #ownerOf(group: string): FakeWakeShare {
    const ranked = this.#fleet.rank(group).find((server) => server === this || server.isAlive);
    return this.#leaseholderOf(group) ?? ranked ?? this;
  }

  /** The server that lives and has something for the group. */
  #leaseholderOf(group: string): FakeWakeShare | undefined {
    const lease = this.#fleet.data.leases.get(group);
    if (lease?.session.isAlive !== true) return undefined;
    const runs = this.left(group).some(({ phase }) => phase !== 'counted');
    return runs || lease.session.#count(group) > 0 ? lease.session : undefined;
  }

  #count(group: string): number {
    return [...this.#open.values()].filter(({ wake }) => wake.group === group).length;
  }

  /** The engine may have forgotten what runs for the group. */
  #runAgain(group: string): void {
    const windows = this.#windowsOf(group);
    const isOurs = (this.#leaseholderOf(group) ?? this) === this;
    if (isOurs && this.left(group).length <= windows.length)
      this.#fleet.data.leases.set(group, { session: this, windows });
  }

  #windowsOf(group: string): Lease<FakeWakeShare>['windows'] {
    const { now } = this.#fleet;
    return this.listener.windowsOf(group).map((window) => Object.assign({ until: now + window.ms }, window));
  }

  /** A claim of the group has ended. What runs for the group since then is left for the next owner. */
  #release(group: string): void {
    const { data } = this.#fleet;
    const lease = data.leases.get(group);
    if (lease?.session !== this) return;
    lease.windows = this.#windowsOf(group);
    if (this.#count(group) === 0 && lease.windows.length === 0) data.leases.delete(group);
  }

  #write(name: string, how: WakeEnd | undefined): void {
    const { claims } = this.#fleet.data;
    if (how === 'sent' || how === 'owed') claims.set(name, 'done');
    else if (how === 'dropped' && isFree(claims.get(name), this)) claims.delete(name);
  }

  /** The wake may go if one of the claims behind it is still this server's, or free. */
  #mayStillSend(device: string): boolean {
    const { claims } = this.#fleet.data;
    const open = [...this.#open].filter(([, { wake }]) => wake.device === device);
    return open.length === 0 || open.some(([name]) => isFree(claims.get(name), this));
  }

  #read(): void {
    for (const handed of this.inbox) {
      if (this.#reading.has(handed)) continue;
      this.#reading.add(handed);
      void this.listener.onHanded(handed.event, handed.wake).then(() => this.#onRead(handed));
    }
  }

  #onRead(handed: Handed): void {
    this.#reading.delete(handed);
    const index = this.inbox.indexOf(handed);
    // After its death, others have taken it over.
    if (index !== -1 && this.#state !== 'killed') this.inbox.splice(index, 1);
  }

  #die(): void {
    this.#cancelDeath ??= this.#fleet.schedule.schedule(LEASE_MS, () => {
      this.#cancelDeath = undefined;
      // Without the engine, nobody can say who is dead.
      if (!this.#fleet.isUp) return this.#die();
      this.#isBuried = true;
      this.#fleet.bury(this);
    });
  }

  #revive(): void {
    this.#cancelDeath?.();
    this.#cancelDeath = undefined;
    this.#state = 'alive';
    // Until its next beat. The claims of its old session are gone.
    if (!this.#isBuried) return;
    this.#fleet.schedule.schedule(1000, () => {
      this.#isBuried = false;
      this.#fleet.onMembership();
    });
  }
}

function nameOf(event: string, device: string): string {
  return `${event} ${device}`;
}

function isFree(standing: Standing<FakeWakeShare> | undefined, server: FakeWakeShare): boolean {
  return standing !== 'done' && (standing?.session === server || standing?.session.isAlive !== true);
}
