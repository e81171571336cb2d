import { StoreUnavailable } from '../../core/registry/registration-store.ts';
import type { Registration } from '../../core/registry/registration.ts';
import type { StoreRecord } from '../file/store-record.ts';

/** How often a change is decided anew because other servers were faster. */
const MOST_TRIES = 5;

/** Undoes a change in memory. @returns the records that make the copy say what memory now says */
export type Undo = () => readonly StoreRecord[];

/**
 * Where the changes of a store's contents go, so that they outlive the process: a file, or the engine of a fleet. That is the _copy_ of
 * what memory has.
 */
export interface ChangeJournal {
  /** Whether it takes no changes now, so that {@link commit} rejects. */
  readonly isRefusing: boolean;
  /** Whether there is a copy, so that a restart will have the registrations. */
  readonly hasFile: boolean;
  /**
   * Where other servers change the copy, too.
   *
   * @throws StoreUnavailable when memory may lack something that they have written: no changes are taken
   */
  assertComplete?(): void;
  /** Takes a change that no caller waits for. */
  write(record: StoreRecord): void;
  /** Takes a renewal that no caller waits for. If absent, {@link write} takes the renewed registration. */
  renew?(registration: Registration): void;
  /**
   * Resolves when these changes, and all changes before them, are durable.
   *
   * @throws StoreUnavailable when they cannot be made durable; `undo` has run then
   * @throws ChangeConflict when another server has changed the same records before; `undo` has run then, and memory has that change
   */
  commit(records: readonly StoreRecord[], undo: Undo): Promise<void>;
}

/** A change was decided by what another server had changed already: it has to be decided again. */
export class ChangeConflict extends Error {
  override readonly name = 'ChangeConflict';

  constructor() {
    super('another server has changed the same records before');
  }
}

/** Decides a change again for as long as another server has changed the same registration before. @throws StoreUnavailable */
export async function untilUncontested<Result>(change: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; tries <= MOST_TRIES; tries++) {
    try {
      return await change();
    } catch (error) {
      if (!(error instanceof ChangeConflict)) throw error;
    }
  }
  throw new StoreUnavailable();
}
