import { lines } from '../table.ts';
import { EVENTS, PROBES, type Exposure, type Extent } from './exposure.ts';
import type { AttackedPolicy } from './policies.ts';
import type { RealExposure } from './real.ts';

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

/** How far above its bound a measured share may lie. */
const TOLERANCE = 0.03;
/** How many standard errors a mean may be away from what chance gives: about once in fifteen thousand runs it is. */
const ERRORS = 4;

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
  const body = rows.flatMap(({ exposure, policy }) =>
    NAMES.map((name, at) => [
      at === 0 ? policy.name : '',
      name,
      ...exposure.passive[name].map(percent),
      ...exposure.probing[name].map(percent),
      ...(at === 0 ? costs(exposure) : ['', '', '']),
    ]),
  );
  const size = `${devices} devices, ${tradesPerDay} trades a day, ${days} days:`;
  return [size, '', ...lines([head, ...body]), '', ...rows.flatMap(orders)].join('\n').trimEnd();
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

/** Where an attacker was better than the policy's bound allows. */
export function brokenBounds(rows: readonly Row[]): string[] {
  return rows.flatMap(({ exposure, policy }) => {
    const { bound } = policy;
    if (bound === undefined) return [];
    const { burstOrder, passive, probing } = exposure;
    const most = Math.max(
      ...NAMES.map((name) => Math.max(...passive[name], ...probing[name])),
      burstOrder.early,
      burstOrder.late,
    );
    if (most <= bound + TOLERANCE) return [];
    return [overBound(policy.name, most, bound)];
  });
}

/** Where the compiled program tells more than its policy allows. */
export function brokenRealBounds(rows: readonly RealRow[]): string[] {
  return rows.flatMap(({ exposure: { joint, place, simple }, policy: { bound, name } }) => {
    if (bound === undefined) return [];
    const most = Math.max(simple, joint);
    return [
      ...(most > bound + TOLERANCE ? [overBound(name, most, bound)] : []),
      ...(Math.abs(place.mean - 0.5) > ERRORS * place.error
        ? [`${name}: the place of a push in its burst tells whether it is the one that is meant`]
        : []),
    ];
  });
}

function overBound(name: string, share: number, bound: number): string {
  return `${name}: an attacker names ${percent(share)} % of the devices, which is over the bound of ${percent(bound)} %`;
}

function costs({ costs: { crowdedHours, delays, pushesPerDay } }: Exposure): string[] {
  return [
    `${round(delays.median)} / ${round(delays.p95)}`,
    round(pushesPerDay),
    `${(100 * crowdedHours).toFixed(0)} %`,
  ];
}

/** What the order of a burst tells, where a burst has more than one device. */
function orders({ exposure: { burstOrder, flock }, policy }: Row): string[] {
  if (policy.bound === undefined || flock < 2) return [];
  return [
    `${policy.name}: who knows a device's cohort and guesses by its place in the bursts names ${percent(burstOrder.early)} % (earliest) or ${percent(burstOrder.late)} % (latest); ${percent(1 / flock)} % is chance.`,
  ];
}

function percent(share: number): string {
  const hundredths = 100 * share;
  return Number.isNaN(share) ? '–' : hundredths.toFixed(hundredths < 20 ? 1 : 0);
}

function round(value: number): string {
  return value.toFixed(value < 20 ? 1 : 0);
}
