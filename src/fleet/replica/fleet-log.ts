import { setImmediate } from 'node:timers/promises';

import type { StoreContents } from '../../store/contents/store-contents.ts';
import type { RegistrationChange } from '../../store/tables/registration-change.ts';
import type { StreamEntry, StreamPlace } from '../engine/engine.ts';
import type { FleetNames } from '../engine/names.ts';
import type { FleetJournal } from './fleet-journal.ts';
import type { IllegibleValues } from './illegible-values.ts';
import {
  readDoubt,
  readLogEntry,
  readRenewalsEntry,
  type LogEntry,
  type RenewalsEntry,
} from './log-entry.ts';
import { dropOutdated, mergeRegistration } from './merge-records.ts';
import type { Progress } from './progress.ts';
import type { RecentRemovals } from './recent-removals.ts';
import { fieldsOf } from './record-fields.ts';
import type { RecordSealer } from './record-sealer.ts';

/** Entries that are applied before other work may run. */
const SLICE = 128;

export interface FleetLogOptions {
  readonly names: FleetNames;
  readonly sealer: RecordSealer;
  readonly journal: FleetJournal;
  readonly progress: Progress;
  readonly writer: Buffer;
  readonly removals: RecentRemovals;
  readonly contents: StoreContents;
  /** Called after a registration has changed because of another server. */
  readonly onChange: (change: RegistrationChange) => void;
  readonly illegible: IllegibleValues;
  /** Another server could not read a value of this shard. */
  readonly onDoubt: (shard: number) => void;
  /** An entry is missing: memory has to be brought up to date by other means. Nothing is read until {@link FleetLog.follow}. */
  readonly onGap: () => void;
}

/** Reads the log, in which every server tells what it has changed, and does the same in memory. */
export class FleetLog {
  readonly #options: FleetLogOptions;
  #after: string | undefined;
  #isOn = false;

  constructor(options: FleetLogOptions) {
    this.#options = options;
  }

  /** The id of the last entry that was read; absent before {@link follow}. */
  get after(): string | undefined {
    return this.#after;
  }

  /** Where the log is to be read on, if it is. */
  get place(): StreamPlace | undefined {
    return this.#isOn && this.#after !== undefined
      ? { key: this.#options.names.log, after: this.#after }
      : undefined;
  }

  /** Reads on behind the entry with this id. @param number the number of the last change that memory has */
  follow(after: string, number: number): void {
    this.#after = after;
    this.#isOn = true;
    this.#options.progress.advance(number);
  }

  /** Reads no further. */
  pause(): void {
    this.#isOn = false;
  }

  /** Takes entries that were read behind {@link place}. */
  async read(entries: readonly StreamEntry[]): Promise<void> {
    for (let at = 0; at < entries.length; at += SLICE) {
      if (at > 0) await setImmediate();
      if (!this.#isOn) return;
      await this.#options.journal.exclusively(async () => this.#apply(entries.slice(at, at + SLICE)));
    }
  }

  #apply(entries: readonly StreamEntry[]): void {
    const { onDoubt, onGap, progress } = this.#options;
    for (const entry of entries) {
      if (!this.#isOn) return;
      const change = readLogEntry(entry);
      const renewals = change === undefined ? readRenewalsEntry(entry) : undefined;
      const doubted = readDoubt(entry);
      if (doubted !== undefined) onDoubt(doubted);
      const number = change?.number ?? renewals?.first ?? 0;
      if (number > progress.applied + 1) {
        this.pause();
        return onGap();
      }
      this.#after = entry.id;
      if (change !== undefined && number > progress.applied) this.#do(change);
      if (renewals !== undefined) this.#renew(renewals);
    }
  }

  #renew({ first, value, writer, written }: RenewalsEntry): void {
    const { contents, illegible, journal, progress, sealer, writer: self } = this.#options;
    const last = first + written.length - 1;
    if (last <= progress.applied) return;
    const renewals = sealer.openRenewals(value);
    const isOwn = writer.equals(self);
    if (typeof renewals === 'string') illegible.note(renewals);
    else {
      for (const [n, place] of written.entries()) {
        const renewal = renewals[place];
        const number = first + n;
        if (renewal === undefined || number <= progress.applied) continue;
        if (!journal.mayApply(renewal.field.toString('latin1'), number, isOwn)) continue;
        contents.registrations.acceptRenewal(renewal);
      }
    }
    progress.advance(last);
  }

  #do({ field, isOutdated, isRepeated, number, value, writer }: LogEntry): void {
    const name = field.toString('latin1');
    const {
      contents,
      illegible,
      journal,
      onChange,
      progress,
      removals,
      sealer,
      writer: self,
    } = this.#options;
    if (journal.mayApply(name, number, writer.equals(self))) {
      const record = sealer.open(value, field);
      if (typeof record === 'string') illegible.note(record);
      else {
        if (isOutdated && record.type === 'registered')
          dropOutdated(record.registration, name, this.#options);
        else if (isRepeated && record.type === 'registered')
          mergeRegistration(record.registration, { name, version: number }, this.#options);
        else {
          const change = contents.accept(record);
          if (fieldsOf(record)[0]?.isRemoval === true) removals.note(name, change?.former?.registeredAt);
          else removals.forget(name);
          if (change !== undefined) onChange(change);
        }
      }
    }
    progress.advance(number);
  }
}
