import { destination, multistream, pino, stdTimeFunctions, type Logger as PinoLogger } from 'pino';

import type { LogLevel } from '../core/telemetry.ts';
import type { LogFile } from './log-file.ts';

export interface LoggerOptions {
  readonly level: LogLevel;
  /** One JSON object a line for machines, or coloured lines for people. */
  readonly format: 'json' | 'pretty';
  /** `LOG_FILE`: gets every line too, without colours. */
  readonly file?: Pick<LogFile, 'write'> | undefined;
}

const PRETTY = { sync: true, translateTime: 'SYS:HH:MM:ss.l', messageKey: 'msg' } as const;

/** Writes to standard output. Lines are made by {@link createTelemetry} alone, which decides what may be in one. */
export async function createLogger({ level, format, file }: LoggerOptions): Promise<PinoLogger> {
  const options = { level, base: null, timestamp: stdTimeFunctions.isoTime };
  // Synchronous: the last lines before an end, wanted or not, are the ones that matter.
  if (format === 'json' && file === undefined) return pino(options, destination({ dest: 1, sync: true }));
  const { default: pretty } = await import('pino-pretty');
  const output = format === 'json' ? destination({ dest: 1, sync: true }) : pretty(PRETTY);
  if (file === undefined) return pino(options, output);
  const inFile = pretty.prettyFactory({
    ...PRETTY,
    translateTime: 'SYS:yyyy-mm-dd HH:MM:ss.l',
    colorize: false,
  });
  const write = (line: string): void => file.write(format === 'json' ? line : (inFile(line) ?? ''));
  // The level is the logger's affair: both streams take whatever comes.
  return pino(
    options,
    multistream([output, { write }].map((stream) => ({ stream, level: 'trace' as const }))),
  );
}
