import { open } from 'node:fs/promises';

import type { Registration } from '../../core/registry/registration.ts';
import type { Secret } from '../../core/basics/secret.ts';
import { CohortTable, type CohortCounts } from '../../core/cohorts/cohort-table.ts';
import { deviceOf } from '../../core/registry/push-target.ts';
import { readDocument, type DocumentEnd } from './read-document.ts';
import type { StoreRecord } from './store-record.ts';

/** The contents of a store's file, as far as they can be read. */
export interface StoreSurvey {
  readonly registrations: ReadonlyMap<string, Registration>;
  /** How many events were handled. */
  readonly seen: number;
  /** How many devices are owed a wake. */
  readonly owed: number;
  readonly cohorts: CohortCounts;
  readonly proofs: readonly Extract<StoreRecord, { type: 'alive' }>[];
  readonly document: DocumentEnd;
  /** Of the file, in bytes. */
  readonly size: number;
  /** The bytes at which the stretches begin that cannot be read. */
  readonly damage: readonly number[];
}

/**
 * Reads a store's file, damaged or not, and changes nothing. A server may be writing to it meanwhile.
 *
 * @throws DocumentProblem if nothing of it can be read, or the system's error
 */
export async function surveyStore(path: string, keys: readonly Secret<Uint8Array>[]): Promise<StoreSurvey> {
  const survey = new Survey();
  const damage: number[] = [];
  const file = await open(path, 'r');
  try {
    const take = (record: StoreRecord): void => survey.take(record);
    const document = await readDocument(file, keys, take, (at) => void damage.push(at));
    const { size } = await file.stat();
    return { ...survey.result(), document, size, damage };
  } finally {
    await file.close();
  }
}

class Survey {
  readonly #registrations = new Map<string, Registration>();
  readonly #owed = new Set<string>();
  readonly #proofs = new Map<string, Extract<StoreRecord, { type: 'alive' }>>();
  readonly #cohorts = new CohortTable();
  #seen = 0;

  take(record: StoreRecord): void {
    switch (record.type) {
      case 'registered':
        return void this.#registrations.set(record.registration.tradePubkey, record.registration);
      case 'removed':
        return void this.#registrations.delete(record.tradePubkey);
      case 'seen':
        return void this.#seen++;
      case 'owed':
        return void this.#owed.add(deviceOf(record.wake.target));
      case 'paid':
        return void this.#owed.delete(deviceOf(record.target));
      case 'alive':
        return void this.#proofs.set(`${record.kind} ${record.relay}`, record);
      case 'cohort':
        return this.#cohorts.apply(record.change);
      case 'rewritten':
        return undefined;
    }
  }

  result(): Omit<StoreSurvey, 'document' | 'size' | 'damage'> {
    const proofs = [...this.#proofs.values()];
    const { counts: cohorts } = this.#cohorts;
    return { registrations: this.#registrations, seen: this.#seen, owed: this.#owed.size, cohorts, proofs };
  }
}
