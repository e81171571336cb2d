import { pino, stdTimeFunctions, type Logger as PinoLogger } from 'pino';

import type { LogLevel } from '../core/telemetry/telemetry.ts';

/** Gets whole lines, and never waits or throws. */
interface LineSink {
  write(line: string): void;
}

export interface LoggerOptions {
  readonly level: LogLevel;
  /** `json`: one JSON object a line, for machines. `pretty`: coloured lines, for people. */
  readonly format: 'json' | 'pretty';
  /** Standard output. */
  readonly output: LineSink;
  /** `LOG_FILE`: gets every line too, without colours. */
  readonly file?: LineSink | undefined;
}

/** Creates the logger. Only `createTelemetry` writes lines to it, and decides what a line may contain. */
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
