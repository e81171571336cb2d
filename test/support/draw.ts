/** Draws a number from 0 to `count - 1`. */
export type Draw = (count: number) => number;

/** Pseudo-random draws that depend on the seed only (mulberry32). For hundreds of thousands of cases, they are much faster than fast-check. */
export function seededDraw(seed: number): Draw {
  // In an array: a variable would allocate a new number each time, because the state has more than 31 bits.
  const state = Int32Array.of(seed);
  return (count) => {
    const now = ((state[0] as number) + 0x6d2b79f5) | 0;
    state[0] = now;
    let mixed = Math.imul(now ^ (now >>> 15), 1 | now);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * count);
  };
}

export function pick<Item>(draw: Draw, items: readonly Item[]): Item {
  return items[draw(items.length)] as Item;
}

export function many<Item>(count: number, make: () => Item): Item[] {
  return Array.from({ length: count }, make);
}

export function shuffled<Item>(items: readonly Item[], draw: Draw): Item[] {
  const left = [...items];
  return items.map(() => left.splice(draw(left.length), 1)[0] as Item);
}

/** Hex digits. @param length a multiple of eight */
export function drawHex(draw: Draw, length: number): string {
  const bytes = Buffer.alloc(length / 2);
  for (let at = 0; at < bytes.length; at += 4) bytes.writeUInt32BE(draw(2 ** 32), at);
  return bytes.toString('hex');
}
