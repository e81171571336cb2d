import { destination, pino, stdTimeFunctions, type Logger as PinoLogger } from 'pino';

import type { LogLevel } from '../core/telemetry.ts';

export interface LoggerOptions {
  readonly level: LogLevel;
  /** One JSON object a line for machines, or coloured lines for people. */
  readonly format: 'json' | 'pretty';
}

/** Writes to standard output. Lines are made by {@link createTelemetry} alone, which decides what may be in one. */
export async function createLogger({ level, format }: LoggerOptions): Promise<PinoLogger> {
  const options = { level, base: null, timestamp: stdTimeFunctions.isoTime };
  // Synchronous: the last lines before an end, wanted or not, are the ones that matter.
  if (format === 'json') return pino(options, destination({ dest: 1, sync: true }));
  const { default: pretty } = await import('pino-pretty');
  return pino(options, pretty({ sync: true, translateTime: 'SYS:HH:MM:ss.l', messageKey: 'msg' }));
}
