export interface CappedBody {
  /** As UTF-8. */
  readonly text: string;
  /** Whether there was more, which was dropped and the stream closed. */
  readonly capped: boolean;
}

/** Reads an answer's body, but no more than `maxBytes` of it: the other side decides how much it sends, we how much we keep. */
export async function readCapped(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<CappedBody> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > maxBytes) break;
  }
  const text = Buffer.concat(chunks).subarray(0, maxBytes).toString('utf8');
  return { text, capped: length > maxBytes };
}
