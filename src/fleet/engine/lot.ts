/**
 * Draws the lot of a group. The lot decides which server owns the group, and every server of the fleet draws the same one.
 *
 * @param spread `FleetNames.spread` @returns a 32-bit integer
 */
export function lotOf([first, second]: readonly [number, number], group: string): number {
  let [a, b] = [first, second];
  for (let at = 0; at < group.length; at++) {
    const code = group.charCodeAt(at);
    a = Math.imul(a ^ code, 0x0100_0193);
    b = Math.imul(b ^ code, 0x5bd1_e995) ^ (b >>> 15);
  }
  return mixed(a ^ mixed(b)) | 0;
}

/** Makes each bit of the result depend on all bits. */
export function mixed(word: number): number {
  let result = word | 0;
  result = Math.imul(result ^ (result >>> 16), 0x85eb_ca6b);
  result = Math.imul(result ^ (result >>> 13), 0xc2b2_ae35);
  return (result ^ (result >>> 16)) >>> 0;
}
