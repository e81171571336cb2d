export interface BoundedText {
  /** As UTF-8. */
  readonly text: string;
  /** There was more than `maxBytes`. The rest was dropped and the stream closed. */
  readonly isCut: boolean;
}

/** Reads the first `maxBytes` of an answer's body: the other side decides how much it sends, we decide how much we keep. */
export async function readAtMost(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<BoundedText> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > maxBytes) break;
  }
  const text = Buffer.concat(chunks).subarray(0, maxBytes).toString('utf8');
  return { text, isCut: length > maxBytes };
}
