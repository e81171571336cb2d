import type { LaneHealth } from './lane-health.ts';
import type { LaneReport } from './lane-report.ts';

/**
 * `paused`: told "too many"; `down`: nothing comes through; `full`: its queue was full and is not half empty again; `guarded`: too many
 * devices are called gone at once to be believed.
 */
export type LaneTrouble = 'paused' | 'down' | 'full' | 'guarded';

/** How many lanes have each trouble. */
export type LaneTroubles = Record<LaneTrouble, number>;

export const NO_TROUBLES: Readonly<LaneTroubles> = { paused: 0, down: 0, full: 0, guarded: 0 };

/** What ails a lane at this moment, as far as its books tell. */
export function laneTroubles(health: LaneHealth, report: LaneReport): LaneTrouble[] {
  const troubles: LaneTrouble[] = [];
  if (health.state === 'paused') troubles.push('paused');
  if (health.isFailing) troubles.push('down');
  if (report.isOverloaded) troubles.push('full');
  if (report.isGuardUp) troubles.push('guarded');
  return troubles;
}
