import type { LogLevel } from '../core/telemetry.ts';

const LEVELS: Readonly<Record<string, LogLevel>> = {
  trace: 'trace',
  debug: 'debug',
  info: 'info',
  warn: 'warn',
  warning: 'warn',
  error: 'error',
  off: 'silent',
  silent: 'silent',
};

/**
 * Reads a level, or a filter as Rust's `env_logger` has them: directives separated by commas, each a level or
 * `module=level`. The directive of the incumbent's own module counts before the general one; others are not ours.
 *
 * @returns the level, or `undefined` when a directive names none
 */
export function parseLogLevel(written: string): LogLevel | undefined {
  let general: LogLevel | undefined;
  let own: LogLevel | undefined;
  // What follows a slash is a filter on messages, which we do not have.
  for (const directive of (written.split('/', 1)[0] ?? '').split(',')) {
    const [name = '', value] = directive.trim().split('=');
    const level = LEVELS[(value ?? name).trim().toLowerCase()];
    if (level === undefined) return undefined;
    if (value === undefined) general = level;
    else if (name.startsWith('mostro_push')) own = level;
  }
  return own ?? general ?? 'info';
}
