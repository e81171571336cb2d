import { createHmac, type BinaryLike } from 'node:crypto';

const BLOCK_BYTES = 32;

/**
 * HKDF-SHA256 (RFC 5869). Built from HMACs: for one block, which is all that a wake or a sealed token needs, this takes less than
 * half the time of Node 20's `hkdfSync`.
 *
 * @param salt empty for none
 * @param bytes the length of the key, 255 blocks of 32 bytes at most
 */
export function hkdf(salt: BinaryLike, keyMaterial: BinaryLike, info: BinaryLike, bytes: number): Buffer {
  const extracted = createHmac('sha256', salt).update(keyMaterial).digest();
  let block = createHmac('sha256', extracted).update(info).update('\x01', 'latin1').digest();
  if (bytes <= BLOCK_BYTES) return block.subarray(0, bytes);
  const blocks = [block];
  for (let counter = 2; blocks.length * BLOCK_BYTES < bytes; counter++) {
    block = createHmac('sha256', extracted)
      .update(block)
      .update(info)
      .update(Uint8Array.of(counter))
      .digest();
    blocks.push(block);
  }
  return Buffer.concat(blocks, bytes);
}
