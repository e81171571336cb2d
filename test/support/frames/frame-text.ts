import type { NostrEvent } from '../../../src/core/nostr/nostr-event.ts';
import { pick, type Draw } from '../draw.ts';

/**
 * What a scan owes a frame, besides never to read it otherwise than `JSON.parse`:
 *
 * - `read`: the scanner must read it, because relays send this form by the million;
 * - `see`: the scanner must give the frame up if it is not JSON, because the mistake is not in a part that the scanner skips;
 * - `agree`: nothing more. The scanner may skip a part that is not JSON.
 */
export type Duty = 'read' | 'see' | 'agree';

/** A frame that a relay may send. */
export interface DrawnFrame {
  readonly bytes: Buffer;
  readonly duty: Duty;
}

/** A member of an event, name and value as JSON. */
export type Member = readonly [name: string, json: string];

/** Names of subscriptions, as JSON. */
export const SUBSCRIPTIONS = ['"wake-1059-abcdef"', '"s"', '""', '"[~ ]{,:}"'];

export function frame(text: string, duty: Duty): DrawnFrame {
  return { bytes: Buffer.from(text), duty };
}

export function membersOf(event: NostrEvent, write: (value: unknown) => string = JSON.stringify): Member[] {
  return Object.entries(event).map(([name, value]) => [`"${name}"`, write(value)]);
}

export function inserted(draw: Draw, members: readonly Member[], member: Member): Member[] {
  return members.toSpliced(draw(members.length + 1), 0, member);
}

/** The EVENT frame with these members, token by token. A value is one token. */
export function tokensOf(draw: Draw, members: readonly Member[]): string[] {
  const event = members.flatMap(([name, json], at) => [at === 0 ? '' : ',', name, ':', json]).slice(1);
  return ['[', '"EVENT"', ',', pick(draw, SUBSCRIPTIONS), ',', '{', ...event, '}', ']'];
}

/** The EVENT frame with these members, with white space around all tokens. */
export function frameOf(draw: Draw, members: readonly Member[], gap = (): string => ''): string {
  return `${tokensOf(draw, members)
    .map((token) => gap() + token)
    .join('')}${gap()}`;
}
