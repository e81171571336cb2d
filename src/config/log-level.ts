import type { LogLevel } from '../core/telemetry/telemetry.ts';

const LEVELS: ReadonlyMap<string, LogLevel> = new Map([
  ['trace', 'trace'],
  ['debug', 'debug'],
  ['info', 'info'],
  ['warn', 'warn'],
  ['warning', 'warn'],
  ['error', 'error'],
  ['off', 'silent'],
  ['silent', 'silent'],
]);

/** @returns the level of that name, in any case, or `undefined` when there is none */
export function parseLogLevel(name: string): LogLevel | undefined {
  return LEVELS.get(name.trim().toLowerCase());
}

/**
 * Reads a filter as Rust's `env_logger` has them: directives separated by commas, each a level, a module, or
 * `module=level`. What is said of the incumbent's own module counts before the general level; other modules are not
 * ours. A filter is never wrong: what means nothing is passed over, as `env_logger` does.
 *
 * @returns the level, `info` where the filter sets none
 */
export function parseRustLog(filter: string): LogLevel {
  let general: LogLevel | undefined;
  let own: LogLevel | undefined;
  // What follows a slash is a filter on messages, which we do not have.
  for (const directive of (filter.split('/', 1)[0] ?? '').split(',')) {
    const [name = '', level] = directive.trim().split('=');
    // A module without a level means all that it says.
    if (name.startsWith('mostro_push')) own = level === undefined ? 'trace' : (parseLogLevel(level) ?? own);
    else if (level === undefined) general = parseLogLevel(name) ?? general;
  }
  return own ?? general ?? 'info';
}
