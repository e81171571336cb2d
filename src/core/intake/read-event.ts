import { expirationOf, type NostrEvent } from '../nostr/nostr-event.ts';
import type { EventFrame } from './event-intake.ts';
import type { EventRejection } from './event-report.ts';

/** The most tags that a relay accepts by default (strfry). Mostro's events have two. */
const MAX_TAGS = 2000;

/**
 * Parses the event of a frame, and makes all checks that need no cryptography.
 *
 * @param now in Unix seconds; `undefined` while the time of day is not trusted: then no event has expired (contract 5)
 * @returns the event, or why it wakes no device
 */
export function readEvent(frame: EventFrame, now: number | undefined): NostrEvent | EventRejection {
  const event = frame.parse();
  if (event === undefined) return 'malformed';
  // The earlier checks read these members from the frame. The parsed event must have the same ones.
  const { id, kind, createdAt } = frame;
  if (event.id !== id || event.kind !== kind || event.created_at !== createdAt) return 'mismatched';
  if (event.tags.length > MAX_TAGS) return 'crowded';
  if (now !== undefined && (expirationOf(event) ?? Infinity) <= now) return 'expired';
  return event;
}
