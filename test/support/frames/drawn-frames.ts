import { drawHex, many, pick, shuffled, type Draw } from '../draw.ts';
import { drawGap, escapedString, looseJson } from '../json-text.ts';
import { drawEvent, drawText, drawWildEvent } from './drawn-events.ts';
import {
  frame,
  frameOf,
  inserted,
  membersOf,
  SUBSCRIPTIONS,
  type DrawnFrame,
  type Duty,
  type Member,
} from './frame-text.ts';
import { ODD_JSON } from './odd-json.ts';

/** How many levels the scanner follows. It leaves deeper values to `JSON.parse`. */
const SCANNED_LEVELS = 16;
const NAMES_READ = new Set(['"id"', '"kind"', '"created_at"', '"tags"', '"content"']);
const OTHER_NAMES = ['"x"', '"__proto__"', '"seen_on"', '"ID"', '"tags "', '"p"', '""', '"iid"', '"kin"'];

/** A frame as a serializer writes it; sometimes pretty-printed, or with rare tags. */
export function drawValid(draw: Draw): DrawnFrame {
  const wild = draw(4) === 0;
  const event = wild ? drawWildEvent(draw) : drawEvent(draw);
  const subscription: unknown = JSON.parse(pick(draw, SUBSCRIPTIONS));
  const text = JSON.stringify(['EVENT', subscription, event], null, pick(draw, [0, 0, 0, 1, '\t']));
  return frame(text, wild ? 'see' : 'read');
}

/** A frame with values within values: deeper than an event has them, or values that look like an event. */
export function drawNested(draw: Draw): DrawnFrame {
  const event = drawEvent(draw);
  const members = membersOf(event);
  const whole = frameOf(draw, members);
  const levels = draw(60) === 0 ? draw(3000) : draw(24);
  const core = pick(draw, ['[]', JSON.stringify(event), JSON.stringify(event.tags), '{"id":"x","kind":7}']);
  const nest = drawNest(draw, levels, core);
  const name = pick(draw, OTHER_NAMES);
  switch (draw(10)) {
    case 0:
      return frame(`["EVENT","s",${pick(draw, [`[${whole}]`, whole, `{"event":${whole}}`, nest])}]`, 'see');
    case 1:
      return frame(pick(draw, [`[${whole}]`, `{"EVENT":${whole}}`, `["EVENT",${whole}]`, nest]), 'see');
    case 2: {
      const [replaced] = pick(draw, members);
      const crowded = members.map((member): Member => (member[0] === replaced ? [replaced, nest] : member));
      return frame(frameOf(draw, crowded), 'see');
    }
    case 3:
      return frame(frameOf(draw, membersOf({ ...event, content: whole })), 'read');
    case 4: {
      // The scanner does not see every mistake within an odd value.
      const odd = draw(2) === 0;
      const within = drawNest(draw, 1 + draw(6), odd ? pick(draw, ODD_JSON.x) : core);
      const crooked = within.replace(/[\]}]$/, () => pick(draw, ['', ']', '}', ']]', '}}', ',]', ',}']));
      return frame(frameOf(draw, inserted(draw, members, [name, crooked])), odd ? 'agree' : 'see');
    }
    default: {
      // An event has up to three levels: itself, its tags, a tag.
      const deep = levels + 3 > SCANNED_LEVELS;
      return frame(frameOf(draw, inserted(draw, members, [name, nest])), deep ? 'see' : 'read');
    }
  }
}

function drawNest(draw: Draw, levels: number, core: string): string {
  const opened = many(levels, () => pick(draw, ['[', '[1,', '["]",', '{"id":', '{"}":0,"tags":', '[ {},']));
  const closed = opened.map((open) => (open.startsWith('[') ? ']' : '}')).toReversed();
  return `${opened.join('')}${core}${closed.join('')}`;
}

/** A frame with escapes that are not needed. Every other time they are only in parts that the scanner does not read. */
export function drawEscaped(draw: Draw): DrawnFrame {
  if (draw(2) === 0) return frame(frameOf(draw, membersEscapedUnread(draw)), 'read');
  // One string in this many has an escape. With more, almost no frame would be read as far as the tags.
  const rarity = pick(draw, [2, 20, 100]);
  const write = (text: string): string =>
    draw(rarity) > 0 ? JSON.stringify(text) : escapedString(text, draw);
  let members = Object.entries(drawWildEvent(draw)).map(([name, value]): Member => [
    write(name),
    looseJson(value, draw, write),
  ]);
  if (draw(3) === 0) {
    // The same name twice, once escaped. For JSON.parse they are one name, and the last value counts.
    const [name, value] = pick(draw, Object.entries(drawEvent(draw)));
    members = inserted(draw, members, [escapedString(name, draw), JSON.stringify(value)]);
  }
  const text = frameOf(draw, members);
  return draw(8) === 0 ? frame(spoilt(draw, text), 'agree') : frame(text, 'see');
}

/** A frame without escapes in names and `p` values: the scanner reads every byte of these. */
function membersEscapedUnread(draw: Draw): Member[] {
  const event = drawEvent(draw);
  const write = (text: string): string => (draw(2) > 0 ? JSON.stringify(text) : escapedString(text, draw));
  const writeTag = (tag: readonly string[]): string => {
    const read = tag[0] === 'p' ? 2 : 1;
    return `[${tag.map((part, at) => (at < read ? JSON.stringify(part) : write(part))).join()}]`;
  };
  const json: Readonly<Record<string, string>> = {
    '"tags"': `[${event.tags.map(writeTag).join()}]`,
    '"content"': write(event.content),
    '"sig"': write(event.sig),
    '"pubkey"': write(event.pubkey),
  };
  return membersOf(event).map(([name, plain]) => [name, json[name] ?? plain]);
}

/** A frame in which one escape was broken or replaced by another. */
function spoilt(draw: Draw, text: string): string {
  const at = text.indexOf('\\', draw(text.length));
  if (at === -1) return text;
  const escape = pick(draw, ['', '\\', '\\\\', '\\x', '\\u', '\\u12', '\\ud800', '\\"', '\\\n']);
  return `${text.slice(0, at)}${escape}${text.slice(at + 1)}`;
}

/** A frame whose event has its members in any order, some twice or missing, others between them, and white space anywhere. */
export function drawReordered(draw: Draw): DrawnFrame {
  const spaced = draw(2) === 0;
  const gap = (): string => (spaced ? drawGap(draw) : '');
  const write = (value: unknown): string =>
    spaced ? looseJson(value, draw, JSON.stringify) : JSON.stringify(value);
  let members = shuffled(membersOf(drawEvent(draw), write), draw);
  let duty: Duty = 'read';
  const others = [
    '-1.5e+3',
    '2E7',
    'null',
    'true',
    `["${drawHex(draw, 8)}"]`,
    JSON.stringify(drawText(draw)),
    '{"a":{}}',
  ];
  for (let more = Math.max(0, draw(9) - 5); more > 0; more--)
    members = inserted(draw, members, [pick(draw, OTHER_NAMES), pick(draw, others)]);
  if (draw(3) === 0) {
    const twice = pick(draw, membersOf(drawEvent(draw), write));
    if (NAMES_READ.has(twice[0])) duty = 'see';
    members = inserted(draw, members, twice);
  }
  if (draw(10) === 0) {
    duty = 'see';
    members = members.toSpliced(draw(members.length), 1);
  }
  if (draw(20) > 0) return frame(frameOf(draw, members, gap), duty);
  // Not a digit or letter: the scanner would not see it next to a literal that it skips.
  const noGap = pick(draw, [
    '\v',
    '\f',
    '\u00a0',
    '\u2003',
    '\u0000',
    '\ufeff',
    '\u001f',
    '/**/',
    ',',
    ':',
    '"',
    '[]',
    '{}',
  ]);
  return frame(
    frameOf(draw, members, () => (draw(15) === 0 ? noGap : gap())),
    'see',
  );
}
