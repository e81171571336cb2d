import { createHmac, randomBytes } from 'node:crypto';

import type { Logger } from 'pino';

import {
  LOG_EVENTS,
  type CounterName,
  type LogEvent,
  type LogFields,
  type Telemetry,
} from '../core/telemetry.ts';
import type { Metrics } from './metrics.ts';

/** Joins counters and log lines into the one port that the rest of the program speaks through. */
export function createTelemetry(logger: Logger, metrics: Metrics): Telemetry {
  // New for every process: no pseudonym can be followed over a restart, nor made by anyone who has the log.
  const salt = randomBytes(32);
  return {
    count: (counter: CounterName, labels, by) => metrics.count(counter, labels, by),
    log: (event: LogEvent, fields?: LogFields) => logger[LOG_EVENTS[event]]({ ...fields }, event),
    pseudonym: (tradePubkey) => createHmac('sha256', salt).update(tradePubkey).digest('hex').slice(0, 12),
  };
}
