import { deviceOf } from '../../core/registry/push-target.ts';
import type { CohortChange } from '../../core/cohorts/cohort-change.ts';
import type { StoreRecord } from '../../store/file/store-record.ts';

/** What one record does to one field of the engine. */
export interface FieldChange {
  /** What the field is about. Each kind of subject begins with a word of its own. */
  readonly subject: string;
  readonly isRemoval: boolean;
}

/** The fields that a record changes, in this order. Records that the servers of a fleet do not share change none. */
export function fieldsOf(record: StoreRecord): readonly FieldChange[] {
  switch (record.type) {
    case 'registered':
      return [{ subject: `registration ${record.registration.tradePubkey}`, isRemoval: false }];
    case 'removed':
      return [{ subject: `registration ${record.tradePubkey}`, isRemoval: true }];
    case 'alive':
      return [{ subject: `proof ${record.kind} ${record.relay}`, isRemoval: false }];
    case 'cohort':
      return cohortFields(record.change);
    case 'seen':
    case 'owed':
    case 'paid':
    case 'rewritten':
      return [];
  }
}

function cohortFields(change: CohortChange): readonly FieldChange[] {
  switch (change.type) {
    case 'formed':
      return [{ subject: `cohort ${change.cohort}`, isRemoval: false }];
    case 'closed':
      return [{ subject: `cohort-size ${change.cohort}`, isRemoval: false }];
    case 'due':
    case 'woken':
      return [{ subject: `cohort-due ${change.cohort}`, isRemoval: change.type === 'woken' }];
    case 'joined':
    case 'left':
      return [{ subject: `member ${deviceOf(change.target)}`, isRemoval: change.type === 'left' }];
    case 'ended':
      return ['cohort-due', 'cohort-size', 'cohort'].map((word) => ({
        subject: `${word} ${change.cohort}`,
        isRemoval: true,
      }));
  }
}

/** The record that takes back what this record has done; `undefined` if nothing has to. */
export function inverseOf(record: StoreRecord): StoreRecord | undefined {
  if (record.type === 'registered') return { type: 'removed', tradePubkey: record.registration.tradePubkey };
  if (record.type !== 'cohort') return undefined;
  const { change } = record;
  switch (change.type) {
    case 'joined':
      return { type: 'cohort', change: { type: 'left', target: change.target } };
    case 'formed':
      return { type: 'cohort', change: { type: 'ended', cohort: change.cohort } };
    case 'due':
      return { type: 'cohort', change: { type: 'woken', cohort: change.cohort } };
    case 'closed':
    case 'left':
    case 'ended':
    case 'woken':
      return undefined;
  }
}
