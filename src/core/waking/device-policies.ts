import type { WakeEnd } from '../lanes/wake.ts';
import { deviceOf, type PushTarget } from '../registry/push-target.ts';
import type { RegistrationStore } from '../registry/registration-store.ts';
import { WAKE_POLICIES, type Registration, type WakePolicyName } from '../registry/registration.ts';
import type { TradePubkey } from '../registry/trade-pubkey.ts';
import type { DeviceWindow } from './device-window.ts';
import type { Heartbeat } from './heartbeat.ts';
import { endWith, type HeldWake } from './held-wake.ts';
import type { KeyWake } from './key-wake.ts';
import type { SlotEdges } from './slot-edges.ts';
import type { WakePolicy } from './wake-policy.ts';

/** Choices that are looked at in one turn of the event loop: a millisecond or two. */
const PRUNED_AT_ONCE = 1024;
const LEAST_PRUNED = 4096;

export interface DevicePoliciesOptions {
  /** `WAKE_POLICY`: the policy of every device that has asked for no other. */
  readonly server: WakePolicyName;
  /** The server's policy, and those that it offers. One object may serve two names. */
  readonly policies: Readonly<Partial<Record<WakePolicyName, WakePolicy>>>;
  /** The policy `heartbeat`, if it is among them. */
  readonly heartbeat?: Heartbeat | undefined;
  readonly edges: SlotEdges;
  /** Whether a key points at the device. One that has expired counts until the next sweep. */
  readonly isRegistered: (target: PushTarget) => boolean;
  /** Resolves in a later turn of the event loop: other work goes first. */
  readonly turn: () => Promise<void>;
}

interface Chosen {
  readonly target: PushTarget;
  readonly policy: WakePolicyName;
}

/**
 * Hands each wake to the policy of its device (contract 9). The newest registration of a device decides; where it asks for no policy, or
 * for one that is offered no longer, the server's counts. Only devices with another policy than the server's are kept here.
 *
 * A stronger policy is effective at once, also for what the weaker one holds. A weaker one is effective from the next edge on, so that no
 * wake leaves because of the change.
 */
export class DevicePolicies implements WakePolicy {
  readonly #options: DevicePoliciesOptions;
  readonly #all: readonly WakePolicy[];
  readonly #chosen = new Map<string, Chosen>();
  /** The devices whose policy becomes weaker at the next edge. */
  readonly #weaker = new Map<string, Chosen>();
  #isPruning = false;
  /** So many choices are looked through for those of devices that have gone since the last sweep. So there are at most twice as many as needed. */
  #pruneAt = LEAST_PRUNED;
  readonly #onEdge = (): void => this.#weaken();

  constructor(options: DevicePoliciesOptions) {
    this.#options = options;
    this.#all = [...new Set(Object.values(options.policies))];
  }

  get size(): number {
    return this.#all.reduce((sum, { size }) => sum + size, 0);
  }

  get counted(): number {
    return this.#all.reduce((sum, { counted }) => sum + counted, 0);
  }

  /** How many devices have which other policy than the server's. */
  get chosen(): Readonly<Partial<Record<WakePolicyName, number>>> {
    const counts: Partial<Record<WakePolicyName, number>> = {};
    for (const { policy } of this.#chosen.values()) counts[policy] = (counts[policy] ?? 0) + 1;
    return counts;
  }

  /** The policy by which the device is woken now. */
  nameOf(device: string): WakePolicyName {
    return this.#chosen.get(device)?.policy ?? this.#options.server;
  }

  /** A registration was kept, so it is the newest of its device. */
  choose({ target, wakePolicy }: Pick<Registration, 'target' | 'wakePolicy'>): void {
    const device = deviceOf(target);
    const policy = this.#granted(wakePolicy);
    const current = this.nameOf(device);
    const { edges, heartbeat } = this.#options;
    // A device that is not on the wheel has been woken by no policy yet.
    const isNew = current === 'heartbeat' && heartbeat?.has(device) !== true;
    if (!isNew && strength(policy) < strength(current)) {
      this.#weaker.set(device, { target, policy });
      edges.next(this.#onEdge);
      return;
    }
    this.#weaker.delete(device);
    const former = this.#policy(device);
    this.#set(device, { target, policy });
    if (this.#chosen.size >= this.#pruneAt) void this.prune();
    const next = this.#policy(device);
    if (former !== next) for (const held of former.release(device)) endWith(held, next.request(held.wake));
  }

  /** Takes in the registrations of an earlier run. */
  restore(store: Pick<RegistrationStore, 'asking' | 'entries' | 'newest'>): void {
    const { heartbeat, server } = this.#options;
    if (server === 'heartbeat') for (const { target } of store.entries()) heartbeat?.enter(target);
    const looked = new Set<string>();
    for (const { target } of store.asking()) {
      const device = deviceOf(target);
      if (looked.has(device)) continue;
      looked.add(device);
      const policy = this.#granted(store.newest(target)?.wakePolicy);
      if (policy === server) continue;
      heartbeat?.remove(device);
      this.#set(device, { target, policy });
    }
  }

  /** Forgets the choices of devices that no key points at any more. */
  async prune(): Promise<void> {
    if (this.#isPruning) return;
    this.#isPruning = true;
    const { isRegistered, turn } = this.#options;
    let looked = 0;
    for (const [device, { target }] of this.#chosen) {
      if (++looked % PRUNED_AT_ONCE === 0) await turn();
      if (!isRegistered(target)) this.#chosen.delete(device);
    }
    this.#isPruning = false;
    this.#pruneAt = Math.max(LEAST_PRUNED, 2 * this.#chosen.size);
  }

  get areIndividual(): boolean {
    const { policies, server } = this.#options;
    return this.#chosen.size === 0 && policies[server]?.areIndividual === true;
  }

  groupOf(device: string): string {
    return this.#policy(device).groupOf(device);
  }

  heeds(device: string): boolean {
    return this.#policy(device).heeds(device);
  }

  isHeld(device: string, key: TradePubkey, isVouched?: boolean): boolean {
    return this.#policy(device).isHeld(device, key, isVouched);
  }

  isHeldUnvouched(device: string): boolean {
    return this.#policy(device).isHeldUnvouched(device);
  }

  request(wake: KeyWake): Promise<WakeEnd> {
    return this.#policy(wake.device).request(wake);
  }

  hold(wake: KeyWake): void {
    this.#policy(wake.device).hold(wake);
  }

  move(key: TradePubkey, from: PushTarget, to: PushTarget): Promise<WakeEnd> | undefined {
    return this.#policy(deviceOf(from)).move(key, from, to);
  }

  release(device: string): readonly HeldWake[] {
    return this.#policy(device).release(device);
  }

  windowsOf(device: string): readonly DeviceWindow[] {
    return this.#policy(device).windowsOf?.(device) ?? [];
  }

  *running(withinMs: number): Generator<string> {
    for (const policy of this.#all) yield* policy.running?.(withinMs) ?? [];
  }

  continueWindows(device: string, windows: readonly DeviceWindow[]): void {
    this.#policy(device).continueWindows?.(device, windows);
  }

  async flush(withinMs: number): Promise<void> {
    this.#options.edges.forget(this.#onEdge);
    for (const { target } of this.#weaker.values()) this.#options.heartbeat?.leaveAtStop(target);
    await Promise.all(this.#all.map((policy) => policy.flush(withinMs)));
  }

  #weaken(): void {
    for (const [device, chosen] of this.#weaker) {
      this.#weaker.delete(device);
      // What a policy of slots holds leaves at this edge, too. A heartbeat has held back what came since the last beat.
      if (chosen.policy !== 'heartbeat') this.#options.heartbeat?.leave(chosen.target);
      this.#set(device, chosen);
    }
  }

  #set(device: string, chosen: Chosen): void {
    const { heartbeat, server } = this.#options;
    if (chosen.policy === server) this.#chosen.delete(device);
    else this.#chosen.set(device, chosen);
    if (chosen.policy === 'heartbeat') heartbeat?.enter(chosen.target);
  }

  #granted(asked: WakePolicyName | undefined): WakePolicyName {
    const { policies, server } = this.#options;
    return asked !== undefined && policies[asked] !== undefined ? asked : server;
  }

  #policy(device: string): WakePolicy {
    return this.#options.policies[this.nameOf(device)] as WakePolicy;
  }
}

function strength(policy: WakePolicyName): number {
  return WAKE_POLICIES.indexOf(policy);
}
