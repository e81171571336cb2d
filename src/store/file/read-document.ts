import type { FileHandle } from 'node:fs/promises';

import type { Secret } from '../../core/basics/secret.ts';
import { readHeader, type HeaderProblem } from './document-header.ts';
import { isUsualLength } from './frame-length.ts';
import { FrameSealer } from './frame-sealer.ts';
import { readLines } from './read-lines.ts';
import { decodeRecords, UnreadableRecord } from './record-codec.ts';
import type { StoreRecord } from './store-record.ts';

const NEWLINE = 1;
const QUOTE = '"'.charCodeAt(0);

/** What reading a document to its end has shown. */
export interface DocumentEnd {
  readonly sealer: FrameSealer;
  /** Which of the given keys it was sealed with: 0 for the first. */
  readonly key: number;
  /** Where the next frame belongs, in bytes. */
  readonly end: number;
  /** The next frame's index. */
  readonly frames: number;
  /** Whether something lies behind the last frame that is not the trailer: a frame that a crash kept from being finished. */
  readonly isTorn: boolean;
  /** Whether all frames have lengths of today's: those of an earlier version told what kind of device they hold. */
  readonly isUsual: boolean;
}

/** `sealed-otherwise`: with none of the keys. @see HeaderProblem */
export type DocumentFault = Exclude<HeaderProblem, 'damaged'> | 'damaged' | 'sealed-otherwise' | 'unreadable';

export class DocumentProblem extends Error {
  override readonly name = 'DocumentProblem';
  readonly fault: DocumentFault;
  /** Where, in bytes. */
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
 * Every frame was durable before the next one was begun, so a crash can only have spoilt the last one: that one is left out. A
 * frame that does not open with another one behind it is damage, and so is anything within what was written at once when the
 * file was made.
 *
 * @param keys the keys it may have been sealed with
 * @param onRecord given every record, in order
 * @param onDamage told of every stretch that cannot be read, in bytes; without it the first one is an error
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
  #isWhole = false;
  /** Where the first line is that should have been a frame and is none. */
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
      return this.#readHeader(line.toString('latin1'), at + line.length + NEWLINE);
    const { text, length } = frameText(line);
    const frame = text === undefined ? undefined : this.#sealer.open(Buffer.from(text, 'base64'));
    if (frame === undefined) {
      if (line.length === 2 && line.toString('latin1') === ']}') this.#hasTrailer = true;
      else if (line.length > 0) this.#brokenAt ??= at;
      return;
    }
    // Whatever is missing before it was durable before it was begun.
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

/** The base64 of a line that looks like a frame, and how long the frame is: what follows it is a comma, or what a crash has left. */
function frameText(line: Buffer): { text: string | undefined; length: number } {
  const end = line[0] === QUOTE ? line.indexOf(QUOTE, 1) : -1;
  return { text: end === -1 ? undefined : line.toString('latin1', 1, end), length: end + 1 };
}
