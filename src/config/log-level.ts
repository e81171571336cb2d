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

/** @returns the level of that name, in upper or lower case, or `undefined` if there is none */
export function parseLogLevel(name: string): LogLevel | undefined {
  return LEVELS.get(name.trim().toLowerCase());
}

/**
 * Reads a filter of Rust's `env_logger`: directives separated by commas, each a level, a module, or `module=level`. The level for the
 * incumbent's own module wins over the general level. Other modules do not exist here. A filter is never wrong: like `env_logger`, this
 * skips directives without a meaning.
 *
 * @returns the level, `info` if the filter sets none
 */
export function parseRustLog(filter: string): LogLevel {
  let general: LogLevel | undefined;
  let own: LogLevel | undefined;
  // The part behind a slash filters messages, which this program does not do.
  for (const directive of (filter.split('/', 1)[0] ?? '').split(',')) {
    const [name = '', level] = directive.trim().split('=');
    // A module without a level means every level.
    if (name.startsWith('mostro_push')) own = level === undefined ? 'trace' : (parseLogLevel(level) ?? own);
    else if (level === undefined) general = parseLogLevel(name) ?? general;
  }
  return own ?? general ?? 'info';
}
