/**
 * Reads an answer's body, but no more of it than needed: the other side decides how much it sends, we how much we keep.
 *
 * @returns at most `maxBytes` bytes, as UTF-8; what comes after is dropped and the stream closed
 */
export async function readCapped(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= maxBytes) break;
  }
  return Buffer.concat(chunks).subarray(0, maxBytes).toString('utf8');
}
