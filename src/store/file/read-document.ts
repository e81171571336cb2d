import type { FileHandle } from 'node:fs/promises';

import type { Secret } from '../../core/basics/secret.ts';
import { readHeader, type HeaderProblem } from './document-header.ts';
import { isUsualLength } from './frame-length.ts';
import { FrameSealer } from './frame-sealer.ts';
import { decodeRecords } from './record-codec.ts';
import { UnreadableRecord } from './unreadable-record.ts';
import type { StoreRecord } from './store-record.ts';

const CHUNK_BYTES = 1024 * 1024;
const LINE_FEED = 0x0a;
const NEWLINE_BYTES = 1;
const QUOTE = '"'.charCodeAt(0);

/** What is known of a document that has been read to its end. */
export interface DocumentEnd {
  readonly sealer: FrameSealer;
  /** Which of the given keys it is sealed with: 0 for the first. */
  readonly key: number;
  /** The byte at which the next frame is to be written. */
  readonly end: number;
  /** The next frame's index. */
  readonly frames: number;
  /** Whether the bytes behind the last whole frame are not the trailer: a crash came while the next frame was written. */
  readonly isTorn: boolean;
  /** Whether all frames have lengths that this version writes. Those of earlier versions told what kind of device a frame has. */
  readonly isUsual: boolean;
}

/** `sealed-otherwise`: with none of the keys; `unreadable`: a record of a kind that this version does not know. @see HeaderProblem */
export type DocumentFault = Exclude<HeaderProblem, 'damaged'> | 'damaged' | 'sealed-otherwise' | 'unreadable';

export class DocumentProblem extends Error {
  override readonly name = 'DocumentProblem';
  readonly fault: DocumentFault;
  /** The byte at which the problem is. */
  readonly at: number;

  constructor(fault: DocumentFault, at: number) {
    super(`a document that is ${fault}, at byte ${at}`);
    this.fault = fault;
    this.at = at;
  }
}

/**
 * Reads a sealed document, from its first record to its last.
 *
 * Each frame was synced before the next one was begun, so a crash can only have torn the last frame: a last frame that does not open is
 * left out. Two things are damage, which no crash causes: a frame that does not open and has another frame behind it, and a file without the
 * record `rewritten`, since a rewrite puts its file in place only when that record is synced.
 *
 * @param keys the keys that the document may be sealed with
 * @param onRecord called with every record, in order
 * @param onDamage called with the byte of each stretch that cannot be read; without it the first such stretch is an error
 * @throws DocumentProblem
 */
export async function readDocument(
  file: FileHandle,
  keys: readonly Secret<Uint8Array>[],
  onRecord: (record: StoreRecord) => void,
  onDamage?: (at: number) => void,
): Promise<DocumentEnd> {
  const reading = new Reading(keys, onRecord, onDamage);
  for await (const { line, at } of readLines(file)) reading.take(line, at);
  return reading.finish();
}

class Reading {
  readonly #keys: readonly Secret<Uint8Array>[];
  readonly #onRecord: (record: StoreRecord) => void;
  readonly #onDamage: ((at: number) => void) | undefined;
  #sealer: FrameSealer | undefined;
  #key = 0;
  #end = 0;
  #frames = 0;
  /** Whether a record `rewritten` was read. */
  #isWhole = false;
  /** The byte of the first line since the last frame that is neither a frame nor the trailer. */
  #brokenAt: number | undefined;
  #hasTrailer = false;
  #isUsual = true;

  constructor(
    keys: readonly Secret<Uint8Array>[],
    onRecord: (record: StoreRecord) => void,
    onDamage: ((at: number) => void) | undefined,
  ) {
    this.#keys = keys;
    this.#onRecord = onRecord;
    this.#onDamage = onDamage;
  }

  take(line: Buffer, at: number): void {
    if (this.#sealer === undefined)
      return this.#readHeader(line.toString('latin1'), at + line.length + NEWLINE_BYTES);
    const { text, length } = frameText(line);
    const frame = text === undefined ? undefined : this.#sealer.open(Buffer.from(text, 'base64'));
    if (frame === undefined) {
      if (line.length === 2 && line.toString('latin1') === ']}') this.#hasTrailer = true;
      else if (line.length > 0) this.#brokenAt ??= at;
      return;
    }
    // All earlier frames were synced before this one was begun, so if one is missing or does not open, that is damage.
    if (frame.index !== this.#frames || this.#brokenAt !== undefined) this.#damage(this.#brokenAt ?? at);
    this.#brokenAt = undefined;
    this.#hasTrailer = false;
    this.#readRecords(frame.records, at);
    this.#frames = frame.index + 1;
    if (!isUsualLength(frame.records.length)) this.#isUsual = false;
    this.#end = at + length;
  }

  finish(): DocumentEnd {
    if (this.#sealer === undefined) throw new DocumentProblem('foreign', 0);
    if (!this.#isWhole) this.#damage(this.#brokenAt ?? this.#end);
    const isTorn = this.#brokenAt !== undefined || !this.#hasTrailer;
    const [sealer, key, end, frames, isUsual] = [
      this.#sealer,
      this.#key,
      this.#end,
      this.#frames,
      this.#isUsual,
    ];
    return { sealer, key, end, frames, isTorn, isUsual };
  }

  #readHeader(line: string, end: number): void {
    const header = readHeader(line);
    if (typeof header === 'string') throw new DocumentProblem(header, 0);
    const sealers = this.#keys.map((key) => new FrameSealer(key, header.salt));
    this.#key = sealers.findIndex(({ check }) => check === header.check);
    this.#sealer = sealers[this.#key];
    if (this.#sealer === undefined) throw new DocumentProblem('sealed-otherwise', 0);
    this.#end = end;
  }

  #readRecords(records: Buffer, at: number): void {
    try {
      for (const record of decodeRecords(records)) {
        if (record.type === 'rewritten') this.#isWhole = true;
        else this.#onRecord(record);
      }
    } catch (error) {
      throw error instanceof UnreadableRecord ? new DocumentProblem('unreadable', at) : error;
    }
  }

  #damage(at: number): void {
    if (this.#onDamage === undefined) throw new DocumentProblem('damaged', at);
    this.#onDamage(at);
  }
}

/** The base64 in a line that looks like a frame, and the length of the frame with its quotes. Behind it is a comma, or what a crash has left. */
function frameText(line: Buffer): { text: string | undefined; length: number } {
  const end = line[0] === QUOTE ? line.indexOf(QUOTE, 1) : -1;
  return { text: end === -1 ? undefined : line.toString('latin1', 1, end), length: end + 1 };
}

/** The lines of a file without their newlines, and the byte at which each begins. Bytes behind the last newline are a line, too. */
async function* readLines(file: FileHandle): AsyncGenerator<{ line: Buffer; at: number }> {
  let rest: Buffer[] = [];
  let at = 0;
  for (let position = 0; ;) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES, position);
    if (bytesRead === 0) break;
    position += bytesRead;
    const chunk = buffer.subarray(0, bytesRead);
    let from = 0;
    for (let to = chunk.indexOf(LINE_FEED); to !== -1; to = chunk.indexOf(LINE_FEED, from)) {
      const line = Buffer.concat([...rest, chunk.subarray(from, to)]);
      yield { line, at };
      rest = [];
      at += line.length + 1;
      from = to + 1;
    }
    if (from < chunk.length) rest.push(chunk.subarray(from));
  }
  if (rest.length > 0) yield { line: Buffer.concat(rest), at };
}
