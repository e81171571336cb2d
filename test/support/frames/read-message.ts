import { scanEventFrame } from '../../../src/relay/wire/event-frame.ts';
import { readRelayMessage } from '../../../src/relay/wire/relay-message.ts';

/** Reads a message as a relay's session does: by the scan if it can, or else by `JSON.parse`. */
export function readMessage(bytes: Buffer): ReturnType<typeof readRelayMessage> {
  const frame = scanEventFrame(bytes);
  return frame === undefined ? readRelayMessage(bytes) : { type: 'EVENT', frame };
}
