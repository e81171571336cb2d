/** Draws one of so many possibilities, counted from 0. */
export type Draw = (count: number) => number;

/** Draws that one seed settles (mulberry32): far faster than arbitraries, where cases count by the hundred thousand. */
export function seededDraw(seed: number): Draw {
  let state = Math.trunc(seed);
  return (count) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
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
  return many(length / 8, () =>
    draw(2 ** 32)
      .toString(16)
      .padStart(8, '0'),
  ).join('');
}
