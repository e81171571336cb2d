import { isTag, type NostrEvent } from '../../core/nostr/nostr-event.ts';

/** What an EVENT frame says of its event, as far as it is needed before the event is verified. */
export type EventOutline = Pick<NostrEvent, 'id' | 'kind' | 'created_at' | 'tags'>;

const HEX = /^[0-9a-f]+$/i;

/**
 * The outline of what some relays take for an event and this server does not: keys in capitals, a time that is no whole number.
 * Anybody can publish such an event there, so the frame is an event that wakes nobody, and no rubbish of the relay's.
 *
 * @returns `undefined` where the value does not even look like an event
 */
export function unsoundEvent(value: unknown): EventOutline | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { id, pubkey, created_at, kind, tags, content, sig } = value as Record<string, unknown>;
  if (!isHex(id) || !isHex(pubkey) || !isHex(sig)) return undefined;
  if (typeof created_at !== 'number' || !Number.isSafeInteger(kind)) return undefined;
  if (typeof content !== 'string' || !Array.isArray(tags)) return undefined;
  return { id, kind: kind as number, created_at, tags: tags.filter(isTag) };
}

function isHex(value: unknown): value is string {
  return typeof value === 'string' && HEX.test(value);
}
