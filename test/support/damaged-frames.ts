import { pick, type Draw } from './draw.ts';
import {
  drawEscaped,
  drawNested,
  drawOdd,
  drawReordered,
  drawValid,
  type DrawnFrame,
} from './drawn-frames.ts';

const WHOLE = [drawValid, drawValid, drawEscaped, drawNested, drawReordered];

/** Bytes that mean something to a scanner. */
const TELLING = Buffer.from('""""\\\\[]{},:p01459-+.eE \n\r\t\v\f/iduflnt\u0000\u001f\u007f');

/** What is no UTF-8: cut off, overlong (the second is a quote), a surrogate, beyond Unicode; and a byte order mark. */
const RUNS = [
  [0xff],
  [0xc0, 0xa2],
  [0xc3],
  [0xe2, 0x82],
  [0xed, 0xa0, 0x80],
  [0xf4, 0x90, 0x80, 0x80],
  [0x80],
  [0xef, 0xbb, 0xbf],
].map((run) => Buffer.from(run));

function drawWhole(draw: Draw): Buffer {
  return pick(draw, WHOLE)(draw).bytes;
}

/** Anywhere, but every other time beside a quote, a comma, a bracket: digits of keys are most of a frame. */
function drawPosition(draw: Draw, bytes: Buffer): number {
  const from = draw(bytes.length + 1);
  if (draw(2) === 0) return from;
  const mark = bytes.indexOf(pick(draw, ['"', '"', ',', ':', '[', ']', '{', '}', '\\']), from);
  return mark === -1 ? from : mark + draw(2);
}

function changed(draw: Draw, bytes: Buffer): Buffer {
  const at = drawPosition(draw, bytes);
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
  const byte = Buffer.of(draw(4) === 0 ? draw(256) : pick(draw, [...TELLING]));
  switch (draw(6)) {
    case 0:
      return Buffer.concat([before, after.subarray(1)]);
    case 1:
      return Buffer.concat([before, pick(draw, RUNS), after]);
    case 2:
      // A piece of the frame twice.
      return Buffer.concat([before, after.subarray(0, draw(80)), after]);
    case 3:
      return Buffer.concat([before, byte, after.subarray(1)]);
    default:
      return Buffer.concat([before, byte, after]);
  }
}

/** With something wrong at one place that matters, or with a few bytes changed anywhere. */
function drawMutated(draw: Draw): DrawnFrame {
  if (draw(2) === 0) return drawOdd(draw);
  let bytes = drawWhole(draw);
  for (let changes = 1 + draw(3); changes > 0; changes--) bytes = changed(draw, bytes);
  return { bytes, ordinary: false };
}

/** Cut off at its end; now and then at its beginning, in its middle, or cut off and closed again. */
function drawTruncated(draw: Draw): DrawnFrame {
  const bytes = drawWhole(draw);
  const at = draw(4) === 0 ? Math.max(0, bytes.length - draw(12)) : drawPosition(draw, bytes);
  const end = pick(draw, ['"}]', '}]', ']', '"]]}]', ']}]', '],"sig":""}]']);
  const cut = pick(draw, [
    ...Array.from({ length: 5 }, () => bytes.subarray(0, at)),
    bytes.subarray(at),
    Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + draw(100))]),
    Buffer.concat([bytes.subarray(0, at), Buffer.from(end)]),
  ]);
  return { bytes: cut, ordinary: false };
}

/** Frames by what is unusual about them. */
export const FRAME_FAMILIES = {
  valid: drawValid,
  mutated: drawMutated,
  truncated: drawTruncated,
  nested: drawNested,
  escaped: drawEscaped,
  reordered: drawReordered,
};
