import type { Extent, OrderTells } from './exposure.ts';
import { percent, type RealRow, type Row } from './report.ts';

/** How far above its bound a measured share may lie. */
const TOLERANCE = 0.03;
/** How many standard errors a mean may be away from what chance gives: about once in fifteen thousand runs it is. */
const ERRORS = 4;

/** Where an attacker finds out more than a policy allows, in virtual time. @param extent by which chance alone names some devices */
export function brokenBounds(
  rows: readonly Row[],
  { devices, probedKeys, probedMarkets }: Pick<Extent, 'devices' | 'probedKeys' | 'probedMarkets'>,
): string[] {
  // A cohort gives each key the same share. Where there is no bound but chance, single keys are hit or not.
  const byChance = (ERRORS + 1) * Math.sqrt(1 / devices / (probedKeys * probedMarkets));
  return rows.flatMap(({ exposure: { burstOrder, passive, probing }, policy: { bound, name } }) => {
    if (bound === undefined) return [];
    const tolerance = bound === 0 ? Math.max(TOLERANCE, byChance) : TOLERANCE;
    const shares = [passive.simple, passive.joint, probing.simple, probing.joint];
    return [
      ...overBound(name, Math.max(...shares.map((some) => Math.max(...some))), bound, tolerance),
      ...order(name, burstOrder),
    ];
  });
}

/** Where the compiled program tells more than its policy allows. */
export function brokenRealBounds(rows: readonly RealRow[]): string[] {
  return rows.flatMap(({ exposure: { joint, place, simple }, policy: { bound, name } }) => {
    if (bound === undefined) return [];
    const isTelling = !(Math.abs(place.mean - 0.5) <= ERRORS * place.error);
    return [...overBound(name, Math.max(simple, joint), bound), ...(isTelling ? [telling(name)] : [])];
  });
}

function overBound(name: string, share: number, bound: number, tolerance = TOLERANCE): string[] {
  if (share <= bound + tolerance) return [];
  return [
    `${name}: an attacker names ${percent(share)} % of the devices, which is over the bound of ${percent(bound)} %`,
  ];
}

function order(name: string, tells: OrderTells | undefined): string[] {
  if (tells === undefined) return [];
  const { chance, early, error, late } = tells;
  return Math.max(early, late) > chance + ERRORS * error ? [telling(name)] : [];
}

function telling(name: string): string {
  return `${name}: the place of a push in its burst tells whether it is the one that is meant`;
}
