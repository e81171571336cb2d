import { createHmac, randomBytes } from 'node:crypto';

import type { Logger } from 'pino';

import { SECOND_MS, type Clock } from '../core/basics/clock.ts';
import {
  LOG_EVENTS,
  type CounterName,
  type LogEvent,
  type LogFields,
  type Telemetry,
} from '../core/telemetry/telemetry.ts';
import { Traces } from '../core/telemetry/traces.ts';
import type { Metrics } from './metrics.ts';
import { LineLimit } from './line-limit.ts';

/** Of one event at one relay or provider, so many lines in so long; the rest is counted in the next line. */
const LINES = { most: 20, windowMs: 10 * SECOND_MS };

/** The port, and what an operator may look into. */
export interface OpsTelemetry extends Telemetry {
  readonly traces: Traces;
}

/**
 * Joins counters and log lines into the one port that the rest of the program speaks through.
 *
 * @param clock for tests, in place of the clocks of the machine
 */
export function createTelemetry(logger: Logger, metrics: Metrics, clock?: Clock): OpsTelemetry {
  // New for every process: no pseudonym can be followed over a restart, nor made by anyone who has the log.
  const salt = randomBytes(32);
  const limit = new LineLimit({ ...LINES, clock: clock ?? (() => performance.now()) });
  const traces = new Traces(clock ?? (() => Date.now()));
  return {
    traces,
    trace: (tradePubkeys, step, detail) => traces.note(tradePubkeys, step, detail),
    observe: (histogram, seconds, labels) => metrics.observe(histogram, seconds, labels),
    count: (counter: CounterName, labels, by) => metrics.count(counter, labels, by),
    log: (event: LogEvent, fields: LogFields | (() => LogFields) = {}) => {
      const level = LOG_EVENTS[event];
      if (!logger.isLevelEnabled(level)) return;
      const said = typeof fields === 'function' ? fields() : fields;
      // Others can cause warnings at will, so they are limited; who asks for debug lines wants them all.
      const omitted = level === 'debug' ? 0 : limit.take(`${event} ${said.relay ?? said.provider ?? ''}`);
      if (omitted === undefined) return;
      logger[level]({ ...said, ...(omitted > 0 && { omitted }) }, event);
    },
    pseudonym: (tradePubkey) => createHmac('sha256', salt).update(tradePubkey).digest('hex').slice(0, 12),
  };
}
