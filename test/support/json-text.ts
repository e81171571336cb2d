import fc from 'fast-check';

import { pick, shuffled, type Draw } from './draw.ts';

const WHITE_SPACE = ['', '', '', ' ', '\n', '\t', '\r\n  '];

/** The escapes of one letter (RFC 8259). */
const SHORT: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  '\b': 'b',
  '\f': 'f',
  '\n': 'n',
  '\r': 'r',
  '\t': 't',
};

/**
 * Any way of writing a value as JSON: random white space, random order of members, and any character of any
 * string as itself or escaped.
 */
export function anyJsonTextOf(value: unknown): fc.Arbitrary<string> {
  return fc.infiniteStream(fc.nat()).map((stream) => {
    const draw: Draw = (count) => (stream.next().value as number) % count;
    // One string in eight has escapes where none are needed.
    return looseJson(value, draw, (text) => (draw(8) > 0 ? JSON.stringify(text) : escapedString(text, draw)));
  });
}

/** A value as JSON with drawn white space and order of members. The caller says how strings are written. */
export function looseJson(value: unknown, draw: Draw, writeString: (text: string) => string): string {
  const gap = (): string => drawGap(draw);
  const padded = (text: string): string => `${gap()}${text}${gap()}`;
  const write = (part: unknown): string => looseJson(part, draw, writeString);
  if (typeof value === 'string') return padded(writeString(value));
  if (Array.isArray(value)) return padded(`[${value.map(write).join(',') || gap()}]`);
  if (typeof value === 'object' && value !== null) {
    const members = shuffled(Object.entries(value), draw).map(
      ([name, member]) => `${padded(writeString(name))}:${write(member)}`,
    );
    return padded(`{${members.join(',') || gap()}}`);
  }
  return padded(JSON.stringify(value));
}

export function drawGap(draw: Draw): string {
  return pick(draw, WHITE_SPACE);
}

/** A string as JSON in which any character may be escaped, even if it does not have to be. */
export function escapedString(text: string, draw: Draw): string {
  const units = Array.from({ length: text.length }, (_, at) => text.charAt(at));
  return `"${units.map((unit) => (draw(3) > 0 && isPlain(unit) ? unit : escaped(unit, draw))).join('')}"`;
}

function isPlain(unit: string): boolean {
  return unit >= ' ' && unit !== '"' && unit !== '\\' && !(unit >= '\ud800' && unit <= '\udfff');
}

function escaped(unit: string, draw: Draw): string {
  const short = SHORT[unit];
  if (short !== undefined && draw(2) === 0) return `\\${short}`;
  const code = unit.charCodeAt(0).toString(16).padStart(4, '0');
  return `\\u${draw(2) === 0 ? code : code.toUpperCase()}`;
}
