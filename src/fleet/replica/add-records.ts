import type { StoreRecord } from '../../store/file/store-record.ts';
import type { FleetJournal } from './fleet-journal.ts';
import type { Progress } from './progress.ts';
import { fieldsOf } from './record-fields.ts';

/** Records that are written in one step of the engine. */
const AT_ONCE = 200;

interface Named {
  readonly record: StoreRecord;
  readonly subject: string;
}

/** Writes records to fields that have none. @returns how many were written @throws EngineUnavailable, ScriptError */
export async function addRecords(
  records: Iterable<StoreRecord>,
  journal: FleetJournal,
  progress: Progress,
): Promise<number> {
  let count = 0;
  let batch: Named[] = [];
  const write = async (): Promise<void> => {
    for (let left = batch; left.length > 0;) {
      const { applied } = progress;
      const answers = await journal.restore(left);
      count += answers.filter((answer) => answer === 'restored').length;
      left = left.filter((_, n) => answers[n] === 'behind');
      // What is missing comes with the next entries of the log.
      if (left.length > 0 && !(await progress.reached(applied + 1))) return;
    }
    batch = [];
  };
  for (const record of records) {
    for (const { isRemoval, subject } of fieldsOf(record)) if (!isRemoval) batch.push({ record, subject });
    if (batch.length >= AT_ONCE) await write();
  }
  await write();
  return count;
}
