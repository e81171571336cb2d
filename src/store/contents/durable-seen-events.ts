import type { SeenEvents } from '../../core/intake/seen-events.ts';
import type { Journal } from '../file/journal.ts';
import type { MemorySeenEvents } from '../tables/memory-seen-events.ts';
import { encodeRecord } from '../file/record-codec.ts';
import type { Clock } from '../../core/basics/clock.ts';

export interface DurableSeenEventsParts {
  readonly memory: MemorySeenEvents;
  readonly journal: Journal;
  readonly clock: Clock;
}

/** The seen-set in memory, whose commits go to the disk soon after: a crash in between costs a wake too many, never one too few. */
export class DurableSeenEvents implements SeenEvents {
  readonly #parts: DurableSeenEventsParts;

  constructor(parts: DurableSeenEventsParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#parts.memory.size;
  }

  knows(id: string): boolean {
    return this.#parts.memory.knows(id);
  }

  reserve(id: string): Promise<'new' | 'pending' | 'seen'> {
    return this.#parts.memory.reserve(id);
  }

  async commit(id: string): Promise<void> {
    const { clock, journal, memory } = this.#parts;
    await memory.commit(id);
    journal.write({ bytes: encodeRecord({ type: 'seen', id, at: clock() }) });
  }

  release(id: string): Promise<void> {
    return this.#parts.memory.release(id);
  }
}
