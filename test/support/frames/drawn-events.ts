import type { NostrEvent } from '../../../src/core/nostr/nostr-event.ts';
import { drawHex, many, pick, type Draw } from '../draw.ts';

const PIECES = [
  'words',
  'p',
  '"',
  '\\',
  '\\\\',
  '\n',
  '\t',
  '\u0000',
  '\u001f',
  '\u007f',
  'ß',
  '€',
  '😀',
  '/',
  '\ufeff',
  '{',
  ']',
  '\u2028',
  '\ud800',
  '\udc00',
  ',"tags":[["p","',
  '"}]',
  '["EVENT","s",{',
  String.raw`\u0069d`,
];
const OTHER_TAGS = ['e', 'P', 'pp', 'expiration', 'd', '-', '', 'p ', ' p'];
const LENGTHS = [0, 2, 32, 63, 65, 66, 128];

/** Any text: characters that JSON must escape, text that looks like JSON, characters beyond ASCII, and lone surrogates. */
export function drawText(draw: Draw): string {
  if (draw(50) === 0) return 'sealed'.repeat(draw(500));
  return many(draw(8), () => pick(draw, PIECES)).join('');
}

/** An event in the form that relays send by the million: every name and every `p` value is printable ASCII. */
export function drawEvent(draw: Draw): NostrEvent {
  return {
    id: drawHex(draw, 64),
    pubkey: drawHex(draw, 64),
    created_at: pick(draw, [0, 999_999_999_999, draw(2 ** 32), 1_767_225_600 + draw(1e6)]),
    kind: pick(draw, [14, 1059, 1059, 1059, 0, 65_535, draw(65_536), draw(100_000)]),
    tags: drawTags(draw),
    content: drawText(draw),
    sig: drawHex(draw, 128),
  };
}

/** Like {@link drawEvent}, but any string may stand anywhere in the tags. */
export function drawWildEvent(draw: Draw): NostrEvent {
  const wild = many(draw(4), () => [
    pick(draw, ['p', 'p', drawText(draw)]),
    ...many(draw(3), () => drawText(draw)),
  ]);
  const event = drawEvent(draw);
  return Object.assign({}, event, {
    tags: draw(2) === 0 ? [...wild, ...event.tags] : [...event.tags, ...wild],
  });
}

function drawTags(draw: Draw): string[][] {
  const count = pick(draw, [0, 1, 1, 1, 1, 1, 2, 3, 10, 11, draw(31)]);
  // Drawn from few values, so that some appear twice: only distinct values make an event crowded.
  const values = many(Math.min(count, 1 + draw(16)), () => drawKey(draw));
  return many(count + draw(3), () => {
    if (draw(count + 2) > count) return [pick(draw, OTHER_TAGS), ...many(draw(4), () => drawText(draw))];
    if (values.length === 0 || draw(20) === 0) return pick(draw, [[], ['p'], ['p', '']]);
    const value = pick(draw, values);
    const spelt = draw(6) === 0 ? value.toUpperCase() : value;
    return draw(6) === 0 ? ['p', spelt, drawText(draw)] : ['p', spelt];
  });
}

/** A key, or sometimes a text that is not a key: of another length, of mixed case, with another letter. */
function drawKey(draw: Draw): string {
  const key = drawHex(draw, 64);
  if (draw(4) > 0) return key;
  return pick(draw, [
    key.repeat(2).slice(0, pick(draw, LENGTHS)),
    key.slice(0, 32).toUpperCase() + key.slice(32),
    `g${key.slice(1)}`,
    ` ${key.slice(1)}`,
    `npub1${key.slice(6)}`,
  ]);
}
