import type { LineLimits } from './line.ts';

/** All in milliseconds. */
export interface EngineTiming {
  /** The least time between two batches of commands. */
  readonly gatherMs: number;
  /** How long an answer may take. */
  readonly answerLimitMs: number;
  /** How long the answers to the first dialling of all may take: no wake waits for them. */
  readonly firstAnswerLimitMs: number;
  /** How long the TCP and TLS connection may take. */
  readonly dialLimitMs: number;
  /** The time between two heartbeats. */
  readonly heartbeatMs: number;
  /** How long a line for long answers may be silent, beyond the time that a read waits. */
  readonly silenceLimitMs: number;
  /** How long one answer on such a line may take: a slow way has time for the records of a shard. */
  readonly longAnswerLimitMs: number;
  /** How long other settings count after the last beat of a server that has them, and how long they may differ without an alarm. */
  readonly disagreementMs: number;
  readonly redial: { readonly minMs: number; readonly baseMs: number; readonly maxMs: number };
}

export const ENGINE_TIMING: EngineTiming = {
  gatherMs: 5,
  answerLimitMs: 500,
  firstAnswerLimitMs: 5000,
  dialLimitMs: 2000,
  heartbeatMs: 1000,
  silenceLimitMs: 2000,
  longAnswerLimitMs: 60_000,
  disagreementMs: 60_000,
  redial: { minMs: 20, baseMs: 50, maxMs: 1000 },
};

/** @param waitMs how long a read on the line waits for news */
export function lineLimits({ longAnswerLimitMs, silenceLimitMs }: EngineTiming, waitMs = 0): LineLimits {
  return { silenceMs: silenceLimitMs + waitMs, answerMs: longAnswerLimitMs };
}
