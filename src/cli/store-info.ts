import type { Config } from '../config/config.ts';
import { PLATFORMS, type Platform } from '../core/registry/push-target.ts';
import type { CohortCounts } from '../core/cohorts/cohort-table.ts';
import type { Registration } from '../core/registry/registration.ts';
import type { StoreSurvey } from '../store/file/survey-store.ts';

/** The numbers of a store on one screen. It names no device and no key. */
export function storeInfo(path: string, { store }: Config, survey: StoreSurvey): string {
  const { cohorts, document, owed, proofs, seen, size } = survey;
  const all = [...survey.registrations.values()];
  const on = (platform: Platform): number => count(all, (one) => one.platform === platform);
  const rows: [string, string][] = [
    ['store', `${path} (STORE=${store.kind})`],
    ['size', `${size} bytes, ${document.frames} frames${document.isTorn ? ', the last one unfinished' : ''}`],
    ['sealed with', document.key === 0 ? "the server's key" : 'SERVER_PRIVATE_KEY_PREVIOUS'],
    ['registrations', `${all.length}: ${PLATFORMS.map((one) => `${on(one)} ${one}`).join(', ')}`],
    [
      'of them',
      `${count(all, isExpired)} expired, ${count(all, ({ woken }) => woken)} woken, ${count(all, ({ signed }) => signed)} owned`,
    ],
    ['events', `${seen} seen`],
    ['owed', `${owed} devices`],
    ...cohortRows(cohorts),
    ...proofs.map(({ relay, kind, at }): [string, string] => [
      'listened',
      `${new URL(relay).host}, kind ${kind}: until ${new Date(at).toISOString()}`,
    ]),
  ];
  return rows.map(([name, value]) => `  ${name.padEnd(13)}  ${value}\n`).join('');
}

/** Devices whose keys have expired are kept here alone, until they leave their cohort. */
function cohortRows({ cohorts, lingering, members, unprotected }: CohortCounts): [string, string][] {
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
