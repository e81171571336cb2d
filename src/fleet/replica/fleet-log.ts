import { setImmediate } from 'node:timers/promises';

import type { StoreContents } from '../../store/contents/store-contents.ts';
import type { StoreRecord } from '../../store/file/store-record.ts';
import type { RegistrationChange } from '../../store/tables/registration-change.ts';
import type { StreamEntry, StreamPlace } from '../engine/engine.ts';
import type { FleetNames } from '../engine/names.ts';
import { MOST_ENTRIES } from '../engine/tail-streams.ts';
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
import type { Illegible, RecordSealer } from './record-sealer.ts';
import type { ToldRenewal } from './renewal-codec.ts';

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
  /** An entry is missing or damaged: memory has to be brought up to date by other means. Nothing is read until {@link FleetLog.follow}. */
  readonly onGap: () => void;
}

/** Reads the log, in which every server tells what it has changed, and does the same in memory. */
export class FleetLog {
  readonly #options: FleetLogOptions;
  #after: string | undefined;
  #isOn = false;
  #isBehind = false;

  constructor(options: FleetLogOptions) {
    this.#options = options;
  }

  /** The id of the last entry that was read; absent before {@link follow}. */
  get after(): string | undefined {
    return this.#after;
  }

  /** Whether the log may have more than what was read last. */
  get isBehind(): boolean {
    return this.#isBehind;
  }

  /** Where the log is to be read on, if it is. Asked before each read. */
  next(): StreamPlace | undefined {
    this.#isBehind = false;
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

  /** Takes entries that were read behind {@link next}. */
  async read(entries: readonly StreamEntry[]): Promise<void> {
    this.#isBehind = entries.length >= MOST_ENTRIES;
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
      let isComplete = number <= progress.applied + 1;
      if (isComplete) {
        this.#after = entry.id;
        if (change !== undefined && number > progress.applied) isComplete = this.#do(change);
        if (renewals !== undefined) isComplete = this.#renew(renewals);
      }
      if (!isComplete) {
        this.pause();
        return onGap();
      }
    }
  }

  /** @returns false if the entry is damaged: then its number may be wrong, too */
  #renew(entry: RenewalsEntry): boolean {
    const { contents, illegible, journal, progress, writer: self } = this.#options;
    const { first, writer, written } = entry;
    const last = first + written.length - 1;
    if (last <= progress.applied) return true;
    const renewals = this.#renewalsIn(entry);
    const isOwn = writer.equals(self);
    if (typeof renewals === 'string') {
      illegible.note(renewals);
      if (renewals === 'damaged') return false;
    } else {
      for (const [n, place] of written.entries()) {
        const renewal = renewals[place];
        const number = first + n;
        if (renewal === undefined || number <= progress.applied) continue;
        if (!journal.mayApply(renewal.field.toString('latin1'), number, isOwn)) continue;
        contents.registrations.acceptRenewal(renewal);
      }
    }
    progress.advance(last);
    return true;
  }

  #renewalsIn({ value, written }: RenewalsEntry): readonly ToldRenewal[] | Illegible {
    const renewals = this.#options.sealer.openRenewals(value);
    if (typeof renewals === 'string') return renewals;
    const hasAll = written.length <= renewals.length && written.every((place) => place < renewals.length);
    return hasAll ? renewals : 'damaged';
  }

  /** @returns false if the entry is damaged: then its number may be wrong, too */
  #do(change: LogEntry): boolean {
    const { field, number, value, writer } = change;
    const { illegible, journal, progress, sealer, writer: self } = this.#options;
    if (journal.mayApply(field.toString('latin1'), number, writer.equals(self))) {
      const record = sealer.open(value, field);
      if (typeof record !== 'string') this.#accept(record, change);
      else illegible.note(record);
      if (record === 'damaged') return false;
    }
    progress.advance(number);
    return true;
  }

  #accept(record: StoreRecord, { field, isOutdated, isRepeated, number }: LogEntry): void {
    const { contents, onChange, removals } = this.#options;
    const name = field.toString('latin1');
    if (isOutdated && record.type === 'registered')
      return dropOutdated(record.registration, name, this.#options);
    if (isRepeated && record.type === 'registered')
      return mergeRegistration(record.registration, { name, version: number }, this.#options);
    const change = contents.accept(record);
    if (fieldsOf(record)[0]?.isRemoval === true) removals.note(name, change?.former?.registeredAt);
    else removals.forget(name);
    if (change !== undefined) onChange(change);
  }
}
