import type { PushService } from '../../core/registry/push-target.ts';
import type { Registration } from '../../core/registry/registration.ts';
import type { TradePubkey } from '../../core/registry/trade-pubkey.ts';
import type { JournalEntry } from '../file/journal-batch.ts';
import type { RegistrationChange } from '../tables/registration-change.ts';
import { encodeRecord } from '../file/record-codec.ts';

/**
 * How changes stand on the disk: of each key the last one, unless neither that nor what was there before is kept.
 *
 * @param keeps the registrations of which push services are kept on the disk
 */
export function entriesOf(
  changes: readonly RegistrationChange[],
  keeps: (service: PushService) => boolean,
): JournalEntry[] {
  const last = new Map<TradePubkey, { wasKept: boolean; current: Registration | undefined }>();
  for (const { former, current } of changes) {
    const key = (current ?? former)?.tradePubkey;
    if (key === undefined) continue;
    const wasKept = last.get(key)?.wasKept === true || (former !== undefined && keeps(former.target.type));
    last.set(key, { wasKept, current });
  }
  return [...last].flatMap(([key, { wasKept, current }]) => {
    if (current !== undefined && keeps(current.target.type)) return [entryOf(key, current)];
    return wasKept ? [entryOf(key, undefined)] : [];
  });
}

/** How a key stands on the disk; without a registration: no longer. */
export function entryOf(tradePubkey: TradePubkey, registration: Registration | undefined): JournalEntry {
  const record =
    registration === undefined
      ? ({ type: 'removed', tradePubkey } as const)
      : ({ type: 'registered', registration } as const);
  return { name: tradePubkey, bytes: encodeRecord(record) };
}
