import type { Telemetry } from '../core/telemetry/telemetry.ts';

const nothing = (): undefined => undefined;

/** For commands that use parts of the server and speak for themselves. */
export const SILENT_TELEMETRY: Telemetry = {
  count: nothing,
  observe: nothing,
  log: nothing,
  trace: nothing,
  pseudonym: () => '',
};
