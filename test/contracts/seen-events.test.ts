import { MemorySeenEvents } from '../../src/store/memory-seen-events.ts';
import { seenEventsModelContract } from './seen-events-model.contract.ts';
import { seenEventsContract, type CreateSeenEvents } from './seen-events.contract.ts';

const inMemory: CreateSeenEvents = async (options) => new MemorySeenEvents(options);

seenEventsContract('in memory', inMemory);
seenEventsModelContract('in memory', inMemory);
