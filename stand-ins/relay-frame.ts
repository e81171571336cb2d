import type { RawData } from 'ws';

/** The elements of a frame between client and relay. Empty if the frame is not a JSON array. */
export function relayFrame(data: RawData): unknown[] {
  try {
    const frame: unknown = JSON.parse(asText(data));
    return Array.isArray(frame) ? frame : [];
  } catch {
    return [];
  }
}

function asText(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString();
  return (data instanceof ArrayBuffer ? Buffer.from(data) : data).toString();
}
