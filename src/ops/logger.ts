import { pino, stdTimeFunctions, type Logger as PinoLogger } from 'pino';

import type { LogLevel } from '../core/telemetry/telemetry.ts';

/** Takes whole lines, and never waits or throws. */
interface LineSink {
  write(line: string): void;
}

export interface LoggerOptions {
  readonly level: LogLevel;
  /** One JSON object a line for machines, or coloured lines for people. */
  readonly format: 'json' | 'pretty';
  /** Standard output. */
  readonly output: LineSink;
  /** `LOG_FILE`: gets every line too, without colours. */
  readonly file?: LineSink | undefined;
}

/** Makes the logger. Lines are made by `createTelemetry` alone, which decides what may be in one. */
export async function createLogger({ level, format, output, file }: LoggerOptions): Promise<PinoLogger> {
  const options = { level, base: null, timestamp: stdTimeFunctions.isoTime };
  if (format === 'json') return pino(options, { write: (line) => (output.write(line), file?.write(line)) });
  const {
    default: { prettyFactory },
  } = await import('pino-pretty');
  const forPeople = prettyFactory({ translateTime: 'SYS:HH:MM:ss.l', messageKey: 'msg' });
  const forFile = prettyFactory({
    translateTime: 'SYS:yyyy-mm-dd HH:MM:ss.l',
    messageKey: 'msg',
    colorize: false,
  });
  return pino(options, {
    write: (line) => {
      output.write(forPeople(line) ?? '');
      file?.write(forFile(line) ?? '');
    },
  });
}
