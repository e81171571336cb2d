import { drawHex, pick, shuffled, type Draw } from '../draw.ts';
import { drawEvent } from './drawn-events.ts';
import { drawEscaped, drawNested, drawReordered, drawValid } from './drawn-frames.ts';
import {
  frame,
  frameOf,
  inserted,
  membersOf,
  SUBSCRIPTIONS,
  tokensOf,
  type DrawnFrame,
  type Member,
} from './frame-text.ts';
import { ODD_JSON, ODD_NAMES } from './odd-json.ts';

const WHOLE = [drawValid, drawValid, drawEscaped, drawNested, drawReordered];
const TAILS = [' ', ',', ']', '}', '[]', ',1]', '"', 'x', '\u0000', '\ufeff', '\u00a0', '\v', '\n'];
const COMMANDS = [
  '"EVENTS"',
  '"event"',
  String.raw`"\u0045VENT"`,
  '"EOSE"',
  'EVENT',
  '"EVENT',
  '"EVENT ',
  '"',
  '',
];
/** Members of an event of which the scanner reads every byte. */
const READ = new Set(['id', 'kind', 'created_at']);
const MARKS = ['"', '"', ',', ':', '[', ']', '{', '}', '\\'];

/** Bytes that have a meaning for the scanner. */
const TELLING = Buffer.from('""""\\\\[]{},:p01459-+.eE \n\r\t\v\f/iduflnt\u0000\u001f\u007f');

/** Bytes that are not UTF-8: cut off, overlong (the second is a quote), a surrogate, beyond Unicode. The last one is a byte order mark. */
const RUNS = [
  [0xff],
  [0xc0, 0xa2],
  [0xc3],
  [0xe2, 0x82],
  [0xed, 0xa0, 0x80],
  [0xf4, 0x90, 0x80, 0x80],
  [0x80],
]
  .map((run) => Buffer.from(run))
  .concat(Buffer.from('\ufeff'));

/** A frame with a mistake at one place that matters, or with a few bytes changed anywhere. */
export function drawMutated(draw: Draw): DrawnFrame {
  if (draw(2) === 0) return draw(6) === 0 ? drawOddFrame(draw) : drawOddEvent(draw);
  let bytes = pick(draw, WHOLE)(draw).bytes;
  for (let changes = 1 + draw(3); changes > 0; changes--) bytes = changed(draw, bytes);
  return { bytes, duty: 'agree' };
}

/** An event with one wrong member, or with one more member of an unknown name. */
function drawOddEvent(draw: Draw): DrawnFrame {
  const members = shuffled(membersOf(drawEvent(draw)), draw);
  const odd = pick(draw, Object.keys(ODD_JSON) as (keyof typeof ODD_JSON)[]);
  const value = pick(draw, ODD_JSON[odd]).replaceAll('KEY', () => drawHex(draw, 64));
  const oddMembers =
    odd === 'x'
      ? inserted(draw, members, [pick(draw, ODD_NAMES), value])
      : members.map((member): Member => (member[0] === `"${odd}"` ? [member[0], value] : member));
  // In a skipped value the scanner looks at brackets. It does not look into strings and at literals.
  const seen = READ.has(odd) || (/^[[{]/.test(value) && !/[^ -~]/.test(value));
  return frame(frameOf(draw, oddMembers), seen ? 'see' : 'agree');
}

/** A good event in a bad frame. */
function drawOddFrame(draw: Draw): DrawnFrame {
  const tokens = tokensOf(draw, membersOf(drawEvent(draw)));
  const text = tokens.join('');
  const event = tokens.slice(5, -1).join('');
  const tail = pick(draw, TAILS);
  const marks = [...tokens.keys()].filter((at) => tokens[at]?.length === 1);
  const command = pick(draw, COMMANDS);
  const subscription = pick(draw, draw(4) === 0 ? SUBSCRIPTIONS : ODD_JSON.x);
  const texts = [
    `${text}${tail}`,
    `${tail}${text}`,
    `${text.slice(0, -1)}${tail}]`,
    `[${command},"s",${event}]`,
    `["EVENT",${subscription},${event}]`,
    `["EVENT",${event}]`,
    tokens.with(pick(draw, marks), tail).join(''),
    tokens.with(pick(draw, marks), '').join(''),
  ];
  return frame(pick(draw, texts), 'see');
}

function changed(draw: Draw, bytes: Buffer): Buffer {
  const at = drawPosition(draw, bytes);
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
  const byte = draw(4) === 0 ? Buffer.of(draw(256)) : Buffer.of(TELLING[draw(TELLING.length)] ?? 0);
  const ways = [
    [byte, after],
    [byte, after.subarray(1)],
    [after.subarray(1)],
    [pick(draw, RUNS), after],
    // A piece of the frame twice.
    [after.subarray(0, draw(80)), after],
  ];
  return Buffer.concat([before, ...pick(draw, ways)]);
}

/** A place in the frame, every other time beside a quote, a comma or a bracket: most bytes of a frame are digits of keys. */
function drawPosition(draw: Draw, bytes: Buffer): number {
  const from = draw(bytes.length);
  const mark = draw(2) === 0 ? -1 : bytes.indexOf(pick(draw, MARKS), from);
  return mark === -1 ? from : mark + draw(2);
}

/** A frame that is cut off at its end; sometimes at its beginning, in its middle, or cut off and closed again. */
export function drawTruncated(draw: Draw): DrawnFrame {
  const { bytes } = pick(draw, WHOLE)(draw);
  const at =
    draw(4) === 0 ? bytes.length - 1 - draw(12) : Math.min(drawPosition(draw, bytes), bytes.length - 1);
  const start = bytes.subarray(0, at);
  if (draw(3) > 0) return { bytes: start, duty: 'see' };
  const end = Buffer.from(pick(draw, ['"}]', '}]', ']', '"]]}]', ']}]', '],"sig":""}]']));
  const holed = Buffer.concat([start, bytes.subarray(at + 1 + draw(100))]);
  return { bytes: pick(draw, [bytes.subarray(at), holed, Buffer.concat([start, end])]), duty: 'agree' };
}
