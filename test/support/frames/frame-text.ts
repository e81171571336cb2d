import type { NostrEvent } from '../../../src/core/nostr/nostr-event.ts';
import { pick, type Draw } from '../draw.ts';

/**
 * What a scan owes a frame, besides never to read it otherwise than `JSON.parse`:
 *
 * - `read`: to read it, since it is of the form that relays send by the million;
 * - `see`: to give it up if it is no JSON, since whatever is wrong with it is not in what a scan skips unread;
 * - `agree`: nothing else. It may skip what is no JSON.
 */
export type Duty = 'read' | 'see' | 'agree';

/** A frame as it may come from a relay. */
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

/** The EVENT frame of these members, token by token; a value is one token. */
export function tokensOf(draw: Draw, members: readonly Member[]): string[] {
  const event = members.flatMap(([name, json], at) => [at === 0 ? '' : ',', name, ':', json]).slice(1);
  return ['[', '"EVENT"', ',', pick(draw, SUBSCRIPTIONS), ',', '{', ...event, '}', ']'];
}

/** The EVENT frame of these members, with gaps around all tokens. */
export function frameOf(draw: Draw, members: readonly Member[], gap = (): string => ''): string {
  return `${tokensOf(draw, members)
    .map((token) => gap() + token)
    .join('')}${gap()}`;
}
