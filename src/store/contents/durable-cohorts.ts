import type { CohortChange } from '../../core/cohorts/cohort-change.ts';
import type { CohortRecord } from '../../core/cohorts/cohort-record.ts';
import { CohortTable } from '../../core/cohorts/cohort-table.ts';
import type { ChangeJournal } from './change-journal.ts';

/** The cohorts, in memory and on the disk. */
export class DurableCohorts implements CohortRecord {
  readonly table = new CohortTable();
  readonly #journal: ChangeJournal;
  readonly #onGarbage: () => void;

  /** @param onGarbage called when a device on the disk is a member no more, so that a rewrite would leave it out */
  constructor(journal: ChangeJournal, onGarbage: () => void) {
    this.#journal = journal;
    this.#onGarbage = onGarbage;
  }

  note(change: CohortChange): void {
    this.table.apply(change);
    this.#journal.write({ type: 'cohort', change });
    if (change.type === 'left') this.#onGarbage();
  }

  /** A disk that refuses must not keep any device from being woken (contract 6). */
  async written(): Promise<void> {
    await this.#journal.commit([], () => []).catch(() => undefined);
  }
}
