import type { SharedWake } from '../../core/fleet/wake-share.ts';

/** A claim that this server has won and not ended. */
export interface OpenClaim {
  readonly event: string;
  readonly wake: SharedWake;
  /** Its name in the engine. */
  readonly name: Buffer;
  /** Another server has taken it over while this one could not speak to the engine. */
  isLost: boolean;
}

/** What this server has open: claims, and owed wakes. For as long as anything of a group is open here, the group stays here. */
export class OpenClaims {
  /** By event. Nearly every event asks for one wake. */
  readonly #events = new Map<string, OpenClaim[]>();
  /** By group, how much of it is open. */
  readonly #groups = new Map<string, number>();
  #lost = 0;

  /** Whether other servers have taken over claims that are open here. */
  get hasLost(): boolean {
    return this.#lost > 0;
  }

  *[Symbol.iterator](): Iterator<OpenClaim> {
    for (const claims of this.#events.values()) yield* claims;
  }

  add(event: string, wake: SharedWake, name: Buffer): void {
    const claim = { event, wake, name, isLost: false };
    const claims = this.#events.get(event);
    if (claims === undefined) this.#events.set(event, [claim]);
    else claims.push(claim);
    this.hold(wake.group);
  }

  /** Ends a claim. @returns the claim, if it was open */
  take(event: string, device: string): OpenClaim | undefined {
    const claims = this.#events.get(event);
    const index = claims?.findIndex(({ wake }) => wake.device === device) ?? -1;
    const claim = claims?.[index];
    if (claims === undefined || claim === undefined) return undefined;
    if (claims.length === 1) this.#events.delete(event);
    else claims.splice(index, 1);
    if (claim.isLost) this.#lost--;
    this.release(claim.wake.group);
    return claim;
  }

  /** The claim was open a moment ago, and this server or another one has it. */
  mark(claim: OpenClaim, isLost: boolean): void {
    if (claim.isLost === isLost || this.#events.get(claim.event)?.includes(claim) !== true) return;
    claim.isLost = isLost;
    this.#lost += isLost ? 1 : -1;
  }

  /** Whether all claims that are open for the device are lost, and there is one. */
  isLost(device: string): boolean {
    if (this.#lost === 0) return false;
    let isAnyLost = false;
    for (const { isLost, wake } of this) {
      if (wake.device !== device) continue;
      if (!isLost) return false;
      isAnyLost = true;
    }
    return isAnyLost;
  }

  /** Something more of the group is open. */
  hold(group: string): void {
    this.#groups.set(group, (this.#groups.get(group) ?? 0) + 1);
  }

  /** Something of the group has ended. */
  release(group: string): void {
    const left = (this.#groups.get(group) ?? 1) - 1;
    if (left > 0) this.#groups.set(group, left);
    else this.#groups.delete(group);
  }

  holds(group: string): boolean {
    return this.#groups.has(group);
  }
}
