import { lines } from '../table.ts';
import type { Breaks } from './breaks.ts';
import { EVENTS, PROBES, type AttackerName, type Exposure, type Extent } from './exposure.ts';
import type { AttackedPolicy } from './policies.ts';
import type { RealExposure } from './real.ts';

/** One policy of the table. */
export interface Row {
  readonly policy: AttackedPolicy;
  readonly exposure: Exposure;
}

/** A policy of the compiled program. */
export interface RealPolicy {
  readonly name: string;
  readonly environment: Readonly<Record<string, string>>;
  /** The most that an attacker may name right, as a share of all keys; absent if the policy has no bound. */
  readonly bound?: number;
}

export interface RealRow {
  readonly policy: RealPolicy;
  readonly exposure: RealExposure;
}

const NAMES = ['simple', 'joint'] as const;

/** Both attackers against each policy, and what the policy costs, as a table in Markdown. Shares are in percent. */
export function exposureTable(rows: readonly Row[], { days, devices, tradesPerDay }: Extent): string {
  const head = [
    'policy',
    'attacker',
    ...EVENTS.map((count, at) => (at === 0 ? `${count} event` : `${count}`)),
    ...PROBES.map((count, at) => (at === 0 ? `${count} probe` : `${count}`)),
    'delay p50 / p95 s',
    'pushes a day',
    'hours > 3',
  ];
  const body = rows.flatMap((row) => NAMES.map((name) => line(row, name)));
  const size = `${devices} devices, ${tradesPerDay} trades a day, ${days} days:`;
  return [size, '', ...lines([head, ...body]), '', ...rows.flatMap(orders)].join('\n').trimEnd();
}

/** One attacker against one policy. What the policy costs stands in the first line of the two. */
function line({ exposure, policy }: Row, name: AttackerName): string[] {
  const isFirst = name === NAMES[0];
  return [
    isFirst ? policy.name : '',
    name,
    ...exposure.passive[name].map(percent),
    ...exposure.probing[name].map(percent),
    ...(isFirst ? costs(exposure) : ['', '', '']),
  ];
}

/** Both attackers against the compiled program, as a table in Markdown. */
export function realTable(rows: readonly RealRow[]): string {
  const head = [
    'compiled program',
    'simple',
    'joint',
    'groups woken together',
    'pushes',
    'place in its burst',
  ];
  const body = rows.map(({ exposure: { flocks, joint, place, pushes, simple }, policy: { name } }) => [
    name,
    percent(simple),
    percent(joint),
    `${flocks}`,
    `${pushes}`,
    Number.isNaN(place.mean) ? '–' : `${place.mean.toFixed(2)} ± ${place.error.toFixed(2)}`,
  ]);
  return lines([head, ...body]).join('\n');
}

/** What breaks the bound of cohorts, as a table in Markdown. */
export function breaksTable({ activity, joining, reaction, size, stayed }: Breaks): string {
  const join = [...joining].map(([ahead, { precision, recall }]) => [
    `the first push of a device that was registered ${span(ahead)} before its first event`,
    `found for ${percent(recall)} % of devices; ${percent(precision)} % of those that begin then`,
  ]);
  const rows = [
    ...join,
    [
      'how active each member is',
      `${percent(activity.mostActive)} % of keys belong to the most active member; two keys of a cohort are of one device in ${percent(activity.siblings)} %`,
    ],
    [
      'how the phones react: half of the meant wakes show, and 3 % of the others',
      [...reaction].map(([events, share]) => `${percent(share)} % after ${events}`).join(', '),
    ],
    [
      'who was there all the time, if 1 % of the members leave a day',
      [...stayed].map(([days, left]) => `${left.toFixed(1)} of ${size} after ${days} days`).join(', '),
    ],
  ];
  return lines([['what the attacker sees or knows', `cohorts of ${size}`], ...rows]).join('\n');
}

function span(seconds: number): string {
  if (seconds === 0) return 'just';
  return seconds < 86_400 ? `${seconds / 3600} hour` : `${seconds / 86_400} day`;
}

function costs({ costs: { crowdedHours, delays, pushesPerDay } }: Exposure): string[] {
  return [
    `${round(delays.median)} / ${round(delays.p95)}`,
    round(pushesPerDay),
    `${(100 * crowdedHours).toFixed(0)} %`,
  ];
}

/** What the order of a burst tells, where a burst has more than one device. */
function orders({ exposure: { burstOrder }, policy }: Row): string[] {
  if (policy.bound === undefined || burstOrder === undefined) return [];
  const { chance, early, error, late } = burstOrder;
  return [
    `${policy.name}: who knows a device's cohort and guesses by its place in the bursts names ${percent(early)} % (earliest) or ${percent(late)} % (latest). Chance gives ${percent(chance)} ± ${percent(error)} %.`,
  ];
}

/** A share in percent. */
export function percent(share: number): string {
  const hundredths = 100 * share;
  return Number.isNaN(share) ? '–' : hundredths.toFixed(hundredths < 20 ? 1 : 0);
}

function round(value: number): string {
  return value.toFixed(value < 20 ? 1 : 0);
}
