import { MemorySeenEvents } from '../../src/store/memory-seen-events.ts';
import { seenEventsContract } from './seen-events.contract.ts';

seenEventsContract('in memory', async (options) => new MemorySeenEvents(options));
