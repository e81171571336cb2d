import { HOUR_MS } from '../basics/clock.ts';

/**
 * What claims to be older wakes nobody (contract 2): a gift wrap is back-dated by two days at the most (NIP-59). So an id
 * need not be remembered for longer either, in milliseconds.
 */
export const MAX_EVENT_AGE_MS = 72 * HOUR_MS;
