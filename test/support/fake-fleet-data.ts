import type { SharedWake } from '../../src/core/fleet/wake-share.ts';
import type { DeviceWindow } from '../../src/core/waking/device-window.ts';
import type { FakeSchedule } from './fake-schedule.ts';

/** The engine's `c:`: who has claimed the event for the device, or `done`. */
export type Standing<Server> = 'done' | { readonly session: Server; readonly isHandedOnly: boolean };

/** A wake that was claimed or handed. */
export interface Handed {
  readonly event: string;
  readonly wake: SharedWake;
}

export interface Lease<Server> {
  session: Server;
  windows: readonly (DeviceWindow & { readonly until: number })[];
}

/** What the engine of a `FakeFleet` holds. */
export class FakeFleetData<Server> {
  readonly claims = new Map<string, Standing<Server>>();
  readonly leases = new Map<string, Lease<Server>>();
  readonly pauses = new Map<string, number>();
}

/** What a server knows of its fleet. */
export interface FleetOfFakes<Server> {
  readonly schedule: FakeSchedule;
  readonly servers: readonly Server[];
  readonly data: FakeFleetData<Server>;
  /** Whether the engine answers. */
  readonly isUp: boolean;
  readonly now: number;
  rank(group: string): readonly Server[];
  lotOf(name: string): number;
  nameOfLot(lot: number): string;
  bury(dead: Server): void;
  onMembership(): void;
}
