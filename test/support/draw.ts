/** Draws one of so many possibilities, counted from 0. */
export type Draw = (count: number) => number;

/** Draws that one seed settles (mulberry32): far faster than arbitraries, where cases count by the hundred thousand. */
export function seededDraw(seed: number): Draw {
  // In an array, since a number beyond 31 bits in a variable is allocated anew whenever it is set.
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

/** So many hex digits, a multiple of eight. */
export function drawHex(draw: Draw, length: number): string {
  const bytes = Buffer.alloc(length / 2);
  for (let at = 0; at < bytes.length; at += 4) bytes.writeUInt32BE(draw(2 ** 32), at);
  return bytes.toString('hex');
}
