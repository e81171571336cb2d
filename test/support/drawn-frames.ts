import type { NostrEvent } from '../../src/core/nostr-event.ts';
import { drawHex, many, pick, shuffled, type Draw } from './draw.ts';
import { drawEvent, drawText, drawWildEvent } from './drawn-events.ts';
import { drawGap, escapedString, looseJson } from './json-text.ts';
import { ODD_JSON, ODD_NAMES } from './odd-json.ts';

/** A frame as it may come from a relay. */
export interface DrawnFrame {
  readonly bytes: Buffer;
  /** Of the form that relays send by the million, so that a scan has no excuse to give it up. */
  readonly ordinary: boolean;
}

/** A member of an event, name and value as JSON. */
type Member = readonly [name: string, json: string];

/** Levels that the scan follows; deeper ones it leaves to `JSON.parse`. */
const SCANNED_LEVELS = 16;
const MEMBERS_READ = ['"id"', '"kind"', '"created_at"', '"tags"'];
const SUBSCRIPTIONS = ['"wake-1059-abcdef"', '"s"', '""', '"[~ ]{,:}"'];

function frame(text: string, ordinary: boolean): DrawnFrame {
  return { bytes: Buffer.from(text), ordinary };
}

function membersOf(event: NostrEvent, write: (value: unknown) => string = JSON.stringify): Member[] {
  return Object.entries(event).map(([name, value]) => [`"${name}"`, write(value)]);
}

function frameOf(draw: Draw, members: readonly Member[], gap = (): string => ''): string {
  const inner = members.map(([name, json]) => [name, ':', json].join(gap())).join(`${gap()},${gap()}`);
  const tokens = ['', '[', '"EVENT"', ',', pick(draw, SUBSCRIPTIONS), ',', '{', inner, '}', ']', ''];
  return tokens.join(gap());
}

function inserted(draw: Draw, members: readonly Member[], ...more: readonly Member[]): Member[] {
  return members.toSpliced(draw(members.length + 1), 0, ...more);
}

function oddJson(draw: Draw, name: string): string {
  return pick(draw, ODD_JSON[name] ?? []).replaceAll('KEY', () => drawHex(draw, 64));
}

/** As any serializer writes it; now and then pretty-printed, or with rare tags. */
export function drawValid(draw: Draw): DrawnFrame {
  const ordinary = draw(4) > 0;
  const event = ordinary ? drawEvent(draw) : drawWildEvent(draw);
  const subscription: unknown = JSON.parse(pick(draw, SUBSCRIPTIONS));
  return frame(
    JSON.stringify(['EVENT', subscription, event], null, pick(draw, [0, 0, 0, 1, '\t'])),
    ordinary,
  );
}

/** With one member as it should not be, with one more of a strange name, or with something about it. */
export function drawOdd(draw: Draw): DrawnFrame {
  const members = membersOf(drawEvent(draw));
  if (draw(8) === 0) {
    const text = frameOf(draw, members);
    const tail = pick(draw, [' ', ',', ']', '}', '[]', ',1]', '"', 'x', '\u0000', '\ufeff', '\u00a0', '\v']);
    const subscription = pick(draw, [...(ODD_JSON['x'] ?? []), ...SUBSCRIPTIONS]);
    const command = pick(draw, [
      '"EVENTS"',
      '"event"',
      String.raw`"\u0045VENT"`,
      '"EOSE"',
      'EVENT',
      '"EVENT',
      '',
    ]);
    return frame(
      pick(draw, [
        text + tail,
        text.slice(0, -1) + tail,
        `${tail}${text}`,
        text.replace('"EVENT"', () => command),
        text.replace(/"EVENT",[^{]*/, () => `"EVENT",${subscription},`),
        text.replace(/"EVENT",[^{]*/, '"EVENT",'),
      ]),
      false,
    );
  }
  const odd = pick(draw, Object.keys(ODD_JSON));
  if (odd === 'x') {
    const name = pick(draw, ODD_NAMES);
    return frame(frameOf(draw, inserted(draw, members, [name, oddJson(draw, 'x')])), false);
  }
  const value = oddJson(draw, odd);
  return frame(
    frameOf(
      draw,
      members.map(([name, json]) => [name, name === `"${odd}"` ? value : json]),
    ),
    false,
  );
}

/** With values within values: deeper than any event, or as deep as something that looks like one. */
export function drawNested(draw: Draw): DrawnFrame {
  const event = drawEvent(draw);
  const members = membersOf(event);
  const text = frameOf(draw, members);
  const levels = draw(60) === 0 ? draw(3000) : draw(24);
  const nest = drawNest(draw, levels, pick(draw, ['', '1', '"x"', text, oddJson(draw, 'x'), '{}']));
  const name = pick(draw, ['"x"', '"tags "', '"__proto__"', '"seen_on"', '""']);
  switch (draw(10)) {
    case 0:
      return frame(
        `["EVENT","s",${pick(draw, [`[${text}]`, text, `{"event":${text}}`, `[${nest}]`])}]`,
        false,
      );
    case 1:
      return frame(
        pick(draw, [`[${text}]`, `{"EVENT":${text}}`, `${text.slice(0, -1)},${text}]`, nest]),
        false,
      );
    case 2: {
      const replaced = draw(members.length);
      return frame(frameOf(draw, members.with(replaced, [(members[replaced] as Member)[0], nest])), false);
    }
    case 3:
      return frame(frameOf(draw, membersOf({ ...event, content: text })), true);
    case 4: {
      const crooked = nest.replace(/[\]}]$/, () => pick(draw, ['', ']', '}', ']]', ',]']));
      return frame(frameOf(draw, inserted(draw, members, [name, crooked])), false);
    }
    default: {
      const core = pick(draw, [
        '[]',
        JSON.stringify(event.tags),
        '{"id":"x","kind":7}',
        JSON.stringify(event),
      ]);
      const within = drawNest(draw, levels, core);
      // A whole event within an event has up to three levels: itself, its tags, a tag.
      const ordinary = levels + 3 <= SCANNED_LEVELS;
      return frame(frameOf(draw, inserted(draw, members, [name, within])), ordinary);
    }
  }
}

function drawNest(draw: Draw, levels: number, core: string): string {
  const opened = many(levels, () => pick(draw, ['[', '[1,', '["]",', '{"id":', '{"}":0,"tags":', '[ {},']));
  const closed = opened.map((open) => (open.startsWith('[') ? ']' : '}')).toReversed();
  return `${opened.join('')}${core}${closed.join('')}`;
}

/** With escapes where none are needed: only where a scan does not read, or anywhere at all. */
export function drawEscaped(draw: Draw): DrawnFrame {
  const write = (text: string): string => (draw(2) === 0 ? JSON.stringify(text) : escapedString(text, draw));
  const event = drawEvent(draw);
  if (draw(2) === 0) {
    const tags = event.tags.map((tag) =>
      tag.map((part, at) => (at === 0 || (at === 1 && tag[0] === 'p') ? JSON.stringify(part) : write(part))),
    );
    const json: Readonly<Record<string, string>> = {
      '"tags"': `[${tags.map((tag) => `[${tag.join()}]`).join()}]`,
      '"content"': write(event.content),
      '"sig"': write(event.sig),
      '"pubkey"': write(event.pubkey),
    };
    const members = membersOf(event).map(([name, plain]): Member => [name, json[name] ?? plain]);
    return frame(frameOf(draw, members), true);
  }
  // One string in so many: else next to none of the frames would get as far as the tags.
  const rarity = pick(draw, [2, 20, 100]);
  const rarely = (text: string): string =>
    draw(rarity) > 0 ? JSON.stringify(text) : escapedString(text, draw);
  const wild = drawWildEvent(draw);
  const members = Object.entries(wild).map(([name, value]): Member => [
    rarely(name),
    looseJson(value, draw, rarely),
  ]);
  // The same name twice, once escaped: to JSON.parse they are one, and the last counts.
  const twice = pick(draw, Object.entries(event));
  const doubled: Member = [escapedString(twice[0], draw), JSON.stringify(twice[1])];
  return frame(frameOf(draw, draw(3) === 0 ? inserted(draw, members, doubled) : members), false);
}

/** With its members in any order, twice, or lacking, others between them, and white space anywhere. */
export function drawReordered(draw: Draw): DrawnFrame {
  const gap = pick(draw, [() => '', () => drawGap(draw)]);
  const write = (value: unknown): string =>
    gap() === '' ? JSON.stringify(value) : looseJson(value, draw, JSON.stringify);
  let members = shuffled(membersOf(drawEvent(draw), write), draw);
  let ordinary = true;
  const text = drawText(draw);
  const plain: Member[] = [
    `["${drawHex(draw, 8)}"]`,
    '-1.5e+3',
    'null',
    JSON.stringify(text),
    '{"a":{}}',
  ].map((json) => [
    pick(draw, ['"x"', '"__proto__"', '"seen_on"', '"ID"', '"p"', '""', '"iid"', '"kin"']),
    json,
  ]);
  for (const member of plain.slice(draw(30))) members = inserted(draw, members, member);
  if (draw(3) === 0) {
    const twice = pick(draw, membersOf(drawEvent(draw), write));
    ordinary = !MEMBERS_READ.includes(twice[0]);
    members = inserted(draw, members, twice);
  }
  if (draw(10) === 0) {
    ordinary = false;
    members = members.toSpliced(draw(members.length), 1);
  }
  if (draw(20) > 0) return frame(frameOf(draw, members, gap), ordinary);
  const noGap = pick(draw, ['\v', '\f', '\u00a0', '\u2003', '\u0000', '\ufeff', '\u001f', '/**/']);
  return frame(
    frameOf(draw, members, () => (draw(15) === 0 ? noGap : gap())),
    false,
  );
}
