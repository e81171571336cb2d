import { createHmac, randomBytes } from 'node:crypto';

import type { Logger } from 'pino';

import { SECOND_MS, type Clock } from '../core/basics/clock.ts';
import { LOG_EVENTS, type LogEvent, type LogFields, type Telemetry } from '../core/telemetry/telemetry.ts';
import { Traces } from '../core/telemetry/traces.ts';
import type { Metrics } from './metrics.ts';
import { LineLimit } from './line-limit.ts';

/** The limit for lines of one log event at one relay or provider. The next line has the number of omitted ones. */
const LINES = { most: 20, windowMs: 10 * SECOND_MS };

/** The port, with the traces that an operator can ask for. */
export interface OpsTelemetry extends Telemetry {
  readonly traces: Traces;
}

/**
 * Implements the telemetry port with the logger, the metrics and the traces.
 *
 * @param clock for tests; default: the clocks of the machine
 */
export function createTelemetry(logger: Logger, metrics: Metrics, clock?: Clock): OpsTelemetry {
  // New for every process. After a restart a key has another pseudonym, and no reader of the log can compute one.
  const salt = randomBytes(32);
  const limit = new LineLimit({ ...LINES, clock: clock ?? (() => performance.now()) });
  const traces = new Traces(clock ?? (() => Date.now()));
  return {
    traces,
    trace: (tradePubkeys, step, detail) => traces.note(tradePubkeys, step, detail),
    observe: (histogram, seconds, labels) => metrics.observe(histogram, seconds, labels),
    count: (counter, labels, by) => metrics.count(counter, labels, by),
    log: (event: LogEvent, fields: LogFields | (() => LogFields) = {}) => {
      const level = LOG_EVENTS[event];
      if (!logger.isLevelEnabled(level)) return;
      const said = typeof fields === 'function' ? fields() : fields;
      // Other parties can cause any number of warnings, so lines are limited. Debug lines are not: an operator who turns them on wants all.
      const omitted = level === 'debug' ? 0 : limit.take(`${event} ${said.relay ?? said.provider ?? ''}`);
      if (omitted === undefined) return;
      logger[level]({ ...said, ...(omitted > 0 && { omitted }) }, event);
    },
    pseudonym: (tradePubkey) => createHmac('sha256', salt).update(tradePubkey).digest('hex').slice(0, 12),
  };
}

const nothing = (): undefined => undefined;

/** Counts and logs nothing, for commands that use parts of the server and print their own output. */
export const SILENT_TELEMETRY: Telemetry = {
  count: nothing,
  observe: nothing,
  log: nothing,
  trace: nothing,
  pseudonym: () => '',
};
