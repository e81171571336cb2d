import fc from 'fast-check';

/** Draws one of so many possibilities. */
type Draw = (count: number) => number;

const WHITE_SPACE = ['', '', '', ' ', '\n', '\t', '\r\n  '];

/**
 * Any way of writing a value as JSON: white space and the order of members at random, and any character of any
 * string as itself or escaped.
 */
export function anyJsonTextOf(value: unknown): fc.Arbitrary<string> {
  return fc
    .infiniteStream(fc.nat())
    .map((stream) => write(value, (count) => (stream.next().value as number) % count));
}

function write(value: unknown, draw: Draw): string {
  const gap = (): string => WHITE_SPACE[draw(WHITE_SPACE.length)] as string;
  const padded = (text: string): string => `${gap()}${text}${gap()}`;
  if (typeof value === 'string') return padded(writeString(value, draw));
  if (Array.isArray(value))
    return padded(`[${value.map((element) => write(element, draw)).join(',') || gap()}]`);
  if (typeof value === 'object' && value !== null) {
    const members = shuffled(Object.entries(value), draw).map(
      ([name, member]) => `${padded(writeString(name, draw))}:${write(member, draw)}`,
    );
    return padded(`{${members.join(',') || gap()}}`);
  }
  return padded(JSON.stringify(value));
}

/** One string in eight has escapes where none are needed. */
function writeString(text: string, draw: Draw): string {
  if (draw(8) > 0) return JSON.stringify(text);
  const units = Array.from({ length: text.length }, (_, at) => text.charAt(at));
  return `"${units.map((unit) => (draw(3) > 0 && isPlain(unit) ? unit : escaped(unit, draw))).join('')}"`;
}

function isPlain(unit: string): boolean {
  return unit >= ' ' && unit !== '"' && unit !== '\\' && !(unit >= '\ud800' && unit <= '\udfff');
}

function escaped(unit: string, draw: Draw): string {
  const code = unit.charCodeAt(0).toString(16).padStart(4, '0');
  return `\\u${draw(2) === 0 ? code : code.toUpperCase()}`;
}

function shuffled<Item>(items: Item[], draw: Draw): Item[] {
  const left = [...items];
  return items.map(() => left.splice(draw(left.length), 1)[0] as Item);
}
