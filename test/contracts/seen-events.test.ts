import { MemorySeenEvents } from '../../src/store/tables/memory-seen-events.ts';
import { openFileStore } from '../support/file-store.ts';
import { tempDirectory } from '../support/temp-directory.ts';
import { seenEventsModelContract } from './seen-events-model.contract.ts';
import { seenEventsContract, type CreateSeenEvents } from './seen-events.contract.ts';

const inMemory: CreateSeenEvents = async (options) => new MemorySeenEvents(options);

const inAFile: CreateSeenEvents = async ({ capacity, ...options }) => {
  const { store } = await openFileStore(await tempDirectory(), options, { seenCapacity: capacity });
  return store.contents.seen;
};

seenEventsContract('in memory', inMemory);
seenEventsModelContract('in memory', inMemory);

seenEventsContract('in a file', inAFile);
seenEventsModelContract('in a file', inAFile);
