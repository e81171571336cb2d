import type { CohortChange } from './cohort-change.ts';
import type { CohortTable } from './cohort-table.ts';

/** Keeps the cohorts over a restart. */
export interface CohortRecord {
  /** The cohorts as all changes have made them. */
  readonly table: CohortTable;
  /** Changes {@link table} at once, and the record soon after, in the order of the calls. */
  note(change: CohortChange): void;
  /** Resolves when all changes until now are on the record, or cannot be: then the record gets them later. */
  written(): Promise<void>;
}
