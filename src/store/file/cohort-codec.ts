import type { CohortChange } from '../../core/cohorts/cohort-change.ts';
import type { ByteReader, ByteWriter } from './record-bytes.ts';
import { readTarget, writeTarget } from './target-codec.ts';
import { UnreadableRecord } from './unreadable-record.ts';

// | type | fields |
// |---|---|
// | formed | cohort (4), view (text) |
// | closed | cohort (4), places (4) |
// | joined | cohort (4), place (4), until (6; 0 if there is none), target |
// | left | target |
// | ended, due, woken | cohort (4) |

/** The types of the records of cohorts, beside those of `record-codec.ts`. A version that does not know them says that the file is newer. */
const COHORT_TYPES = {
  formed: 16,
  closed: 17,
  joined: 18,
  left: 19,
  ended: 20,
  due: 21,
  woken: 22,
} as const satisfies Record<CohortChange['type'], number>;
/** A key of the member is registered. */
const NO_END = 0;

/** The types of these records that have no device, and no view, which can name a push server. */
export const COHORT_TYPES_WITHOUT_DEVICE: readonly number[] = [
  COHORT_TYPES.closed,
  COHORT_TYPES.ended,
  COHORT_TYPES.due,
  COHORT_TYPES.woken,
];

export function writeCohort(writer: ByteWriter, change: CohortChange): void {
  writer.byte(COHORT_TYPES[change.type]);
  if (change.type !== 'left') writer.number(change.cohort);
  if (change.type === 'formed') writer.text(change.view);
  if (change.type === 'closed') writer.number(change.size);
  if (change.type === 'joined') {
    writer.number(change.place);
    writer.time(change.until ?? NO_END);
  }
  if (change.type === 'joined' || change.type === 'left') writeTarget(writer, change.target);
}

/** @param type the record's type, which was read. @throws UnreadableRecord */
export function readCohort(reader: ByteReader, type: number): CohortChange {
  if (type === COHORT_TYPES.left) return { type: 'left', target: readTarget(reader) };
  const cohort = reader.number();
  switch (type) {
    case COHORT_TYPES.formed:
      return { type: 'formed', cohort, view: reader.text() };
    case COHORT_TYPES.closed:
      return { type: 'closed', cohort, size: reader.number() };
    case COHORT_TYPES.joined: {
      const [place, until] = [reader.number(), reader.time()];
      return {
        type: 'joined',
        cohort,
        place,
        target: readTarget(reader),
        ...(until !== NO_END && { until }),
      };
    }
    case COHORT_TYPES.ended:
      return { type: 'ended', cohort };
    case COHORT_TYPES.due:
      return { type: 'due', cohort };
    case COHORT_TYPES.woken:
      return { type: 'woken', cohort };
    default:
      throw new UnreadableRecord();
  }
}
