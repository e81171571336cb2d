import type { Config } from '../config/config.ts';
import { PLATFORMS, type Platform } from '../core/registry/push-target.ts';
import type { CohortCounts } from '../core/cohorts/cohort-table.ts';
import type { Registration } from '../core/registry/registration.ts';
import type { CommandFleet } from './command-fleet.ts';
import type { StoreSurvey } from '../store/file/survey-store.ts';

type Row = [name: string, value: string];

/** The numbers of a file on one screen. It names no device and no key. */
export function storeInfo(path: string, { store }: Config, survey: StoreSurvey): string {
  const { document, registrations, size } = survey;
  return screenOf([
    ['store', `${path} (STORE=${store.kind})`],
    ['size', `${size} bytes, ${document.frames} frames${document.isTorn ? ', the last one unfinished' : ''}`],
    ['sealed with', document.key === 0 ? "the server's key" : 'SERVER_PRIVATE_KEY_PREVIOUS'],
    ...rowsOf({ ...survey, registrations: [...registrations.values()] }),
  ]);
}

/** The same of what a fleet has in common. */
export function fleetInfo({ engine, illegible, place, store: { contents } }: CommandFleet): string {
  const records = [...contents.records()];
  const { maxmemoryPolicy, software, version } = engine.facts ?? {};
  return screenOf([
    ['store', `${place} (STORE=redis)`],
    ['engine', `${software} ${version}, maxmemory-policy ${maxmemoryPolicy}`],
    ['illegible', `${illegible()} values`],
    ...rowsOf({
      registrations: records.flatMap((one) => (one.type === 'registered' ? [one.registration] : [])),
      cohorts: contents.cohorts.table.counts,
      proofs: records.filter((one) => one.type === 'alive'),
    }),
  ]);
}

interface Surveyed extends Pick<StoreSurvey, 'cohorts' | 'proofs'> {
  readonly registrations: readonly Registration[];
  readonly seen?: number;
  readonly owed?: number;
}

function rowsOf({ cohorts, owed, proofs, registrations: all, seen }: Surveyed): Row[] {
  const on = (platform: Platform): number => count(all, (one) => one.platform === platform);
  return [
    ['registrations', `${all.length}: ${PLATFORMS.map((one) => `${on(one)} ${one}`).join(', ')}`],
    [
      'of them',
      `${count(all, isExpired)} expired, ${count(all, ({ woken }) => woken)} woken, ${count(all, ({ signed }) => signed)} owned`,
    ],
    ...(seen === undefined ? [] : [['events', `${seen} seen`] satisfies Row]),
    ...(owed === undefined ? [] : [['owed', `${owed} devices`] satisfies Row]),
    ...cohortRows(cohorts),
    ...proofs.map(({ relay, kind, at }): Row => [
      'listened',
      `${new URL(relay).host}, kind ${kind}: until ${new Date(at).toISOString()}`,
    ]),
  ];
}

function screenOf(rows: readonly Row[]): string {
  return rows.map(([name, value]) => `  ${name.padEnd(13)}  ${value}\n`).join('');
}

/** Devices whose keys have expired are kept here alone, until they leave their cohort. */
function cohortRows({ cohorts, lingering, members, unprotected }: CohortCounts): Row[] {
  if (cohorts === 0) return [];
  const of = `${members} devices, ${unprotected} of them unprotected, ${lingering} without a registration`;
  return [['cohorts', `${cohorts}: ${of}`]];
}

function count(all: readonly Registration[], is: (registration: Registration) => boolean): number {
  return all.filter(is).length;
}

function isExpired({ expiresAt }: Registration): boolean {
  return expiresAt <= Date.now();
}
