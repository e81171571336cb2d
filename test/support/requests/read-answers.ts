/** An answer as it was received. */
export interface WireAnswer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/**
 * Reads answers one after the other, each with a `content-length`, as all of this server's have it.
 *
 * @throws Error where the bytes are not that
 */
export function readAnswers(bytes: Buffer, { mayBeCut }: { mayBeCut: boolean }): WireAnswer[] {
  const answers: WireAnswer[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf('\r\n\r\n', at);
    const head = bytes.toString('latin1', at, end);
    const status = /^HTTP\/1\.1 (\d{3}) [\w- ]+\r\n/.exec(`${head}\r\n`)?.[1];
    if (end < 0 && mayBeCut) break;
    if (end < 0 || status === undefined)
      throw new Error(`no answer: ${bytes.toString('latin1', at).slice(0, 200)}`);
    at = end + 4;
    if (status === '100') continue;
    const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? Number.NaN);
    if (at + length > bytes.length && mayBeCut) break;
    if (!(at + length <= bytes.length)) throw new Error(`an answer that is cut off: ${head}`);
    answers.push({ status: Number(status), head, body: bytes.toString('utf8', at, at + length) });
    at += length;
  }
  return answers;
}
