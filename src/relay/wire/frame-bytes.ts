import type { RelayLimits } from '../connection/relay-information.ts';

const MIB = 1024 * 1024;
/** A larger frame is left out. Relays keep events to 64–128 KiB; a gift wrap has about 3 KiB. */
const FRAME_BYTES = MIB;
/** As far as a relay that says it holds larger events is believed. A frame that is larger still ends the connection. */
export const MAX_FRAME_BYTES = 4 * MIB;

/** The longest frame that is taken from a relay with these limits. */
export function frameBytes({ maxMessageLength = 0 }: RelayLimits): number {
  return Math.min(MAX_FRAME_BYTES, Math.max(FRAME_BYTES, maxMessageLength));
}
