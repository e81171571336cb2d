import type { EngineReply } from './engine.ts';

/** What comes is no answer of an engine, or one that is longer than any that a command here has. */
export class BadAnswer extends Error {
  override readonly name = 'BadAnswer';
}

/** An answer that is an error, in the engine's own words. */
export class ErrorAnswer {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** The bytes of an answer: twenty times those of a shard when the fleet has a million registrations. */
const MOST_BYTES = 64 * 1024 * 1024;
/** The values in an answer, with those of its lists. */
const MOST_VALUES = 500_000;
/** How deep lists lie in one another: the entries of streams have four levels. */
const MOST_LEVELS = 16;
/** A line is a number, an error or a short text. */
const MOST_LINE = 4096;
const LINE_END = '\r\n'.length;
const [CR, LF] = [13, 10];

/** A list that has not ended yet. */
interface OpenList {
  readonly items: EngineReply[];
  readonly length: number;
}

/**
 * Reads the engine's answers (RESP 2): texts become bytes. It takes nothing that is not exactly so, and keeps no more than one answer may
 * have: whatever answers at the address, memory stays bounded.
 */
export class AnswerReader {
  readonly #onAnswer: (answer: EngineReply | ErrorAnswer) => void;
  readonly #lists: OpenList[] = [];
  /** The beginning of a line. */
  #line: Buffer = Buffer.alloc(0);
  /** Of a text that has begun: what came of it, and how many bytes are left with the end of its line. */
  #text: Buffer[] = [];
  #textLeft = 0;
  /** Of the answer that has begun. */
  #bytes = 0;
  #values = 0;

  /** @param onAnswer gets each answer when it is whole */
  constructor(onAnswer: (answer: EngineReply | ErrorAnswer) => void) {
    this.#onAnswer = onAnswer;
  }

  /** @throws BadAnswer; nothing can be read after it */
  read(received: Buffer): void {
    const chunk = this.#line.length === 0 ? received : Buffer.concat([this.#line, received]);
    this.#line = this.#line.subarray(0, 0);
    for (let at = 0; at < chunk.length;)
      at = this.#textLeft > 0 ? this.#readText(chunk, at) : this.#readLine(chunk, at);
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > MOST_BYTES) throw new BadAnswer();
  }

  /** @returns where to go on */
  #readLine(chunk: Buffer, at: number): number {
    const end = chunk.indexOf(CR, at);
    if (end === -1 || end + 1 === chunk.length) {
      if (chunk.length - at > MOST_LINE) throw new BadAnswer();
      this.#line = chunk.subarray(at);
      return chunk.length;
    }
    if (chunk[end + 1] !== LF) throw new BadAnswer();
    const next = end + LINE_END;
    this.#count(next - at);
    this.#takeLine(String.fromCharCode(chunk[at] ?? 0), chunk.subarray(at + 1, end));
    return next;
  }

  #takeLine(type: string, line: Buffer): void {
    if (type === '+') this.#take(line);
    else if (type === '-' && this.#lists.length === 0) this.#end(new ErrorAnswer(line.toString()));
    else if (type === ':') this.#take(integerIn(line));
    else if (type === '$') this.#begin(lengthIn(line));
    else if (type === '*') this.#beginList(lengthIn(line));
    else throw new BadAnswer();
  }

  #begin(length: number | null): void {
    if (length === null) this.#take(null);
    else if (length > MOST_BYTES) throw new BadAnswer();
    else this.#textLeft = length + LINE_END;
  }

  #beginList(length: number | null): void {
    if (length === null || length === 0) return this.#take(length === null ? null : []);
    if (length > MOST_VALUES || this.#lists.length === MOST_LEVELS) throw new BadAnswer();
    this.#lists.push({ items: [], length });
  }

  /** @returns where to go on */
  #readText(chunk: Buffer, at: number): number {
    const end = at + this.#textLeft;
    if (end > chunk.length) {
      this.#text.push(chunk.subarray(at));
      this.#textLeft = end - chunk.length;
      this.#count(chunk.length - at);
      return chunk.length;
    }
    const last = chunk.subarray(at, end);
    const whole = this.#text.length === 0 ? last : Buffer.concat([...this.#text, last]);
    this.#text = [];
    this.#textLeft = 0;
    if (whole.at(-2) !== CR || whole.at(-1) !== LF) throw new BadAnswer();
    this.#count(end - at);
    this.#take(whole.subarray(0, -LINE_END));
    return end;
  }

  /** A value is whole, and with it maybe the lists in which it is the last. */
  #take(value: EngineReply): void {
    if (++this.#values > MOST_VALUES) throw new BadAnswer();
    let whole = value;
    for (let list = this.#lists.at(-1); list !== undefined; list = this.#lists.at(-1)) {
      list.items.push(whole);
      if (list.items.length < list.length) return;
      this.#lists.pop();
      whole = list.items;
    }
    this.#end(whole);
  }

  #end(answer: EngineReply | ErrorAnswer): void {
    this.#bytes = 0;
    this.#values = 0;
    this.#onAnswer(answer);
  }
}

function integerIn(line: Buffer): number {
  const text = line.toString('latin1');
  const number = Number(text);
  if (!/^[+-]?\d+$/.test(text) || !Number.isSafeInteger(number)) throw new BadAnswer();
  return number;
}

/** @returns `null` if there is nothing */
function lengthIn(line: Buffer): number | null {
  const length = integerIn(line);
  if (length < -1) throw new BadAnswer();
  return length === -1 ? null : length;
}
