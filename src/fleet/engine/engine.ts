import type { EngineFacts } from './engine-facts.ts';

export { EngineRefused, EngineUnavailable, ScriptError } from './engine-errors.ts';

/** A key of the engine: bytes, or text in UTF-8. */
export type EngineKey = Buffer | string;

export type EngineArgument = Buffer | string | number;

/** An answer of the engine. A text is a `Buffer`, nothing is `null`. */
export type EngineReply = Buffer | number | null | readonly EngineReply[];

/**
 * A Lua script. The engine runs it as one step: nothing happens in between. Each script is a file of its own that documents its keys,
 * its arguments and its answer. Every key that it touches is given as a key, or is made of one.
 */
export interface Script {
  readonly name: string;
  readonly lua: string;
}

/** An entry of a stream. */
export interface StreamEntry {
  readonly id: string;
  /** Names and values in turn. */
  readonly fields: readonly Buffer[];
}

/** A stream, and the id after which its entries are wanted. */
export interface StreamPlace {
  readonly key: EngineKey;
  readonly after: string;
}

/** Gets entries of one stream in order. The next ones come when the promise has resolved. @param key as latin1, one character for each byte */
export type OnEntries = (key: string, entries: readonly StreamEntry[]) => void | Promise<void>;

/** A connection of its own for reading much: it holds up no other command, and its loss is no outage. */
export interface EngineLine {
  /** @throws EngineUnavailable after the connection is lost; ScriptError */
  call(command: string, ...args: EngineArgument[]): Promise<EngineReply>;
  close(): void;
}

/**
 * The engine, up or down. It goes down with the first answer that does not come in time, the first lost connection, and the first
 * answer that it takes no changes now. Then every command fails at once, and the engine is dialled until it answers in time: it is up again.
 */
export interface Engine {
  readonly isUp: boolean;
  /** Why the engine is down, in words for the operator; absent while it is up. */
  readonly problem: string | undefined;
  /** What the engine last said of itself; absent until it was up. */
  readonly facts: EngineFacts | undefined;
  /** The random id of the data in the engine. It is another one after the engine was emptied; empty until the engine was up. */
  readonly epoch: Buffer;
  /** The form in which servers write what lies in the engine (`forms.ts`). A server that reads a newer form writes it when this has reached it. */
  readonly form: number;
  /** The variables of which servers of the fleet have had other values than this one for a minute. */
  readonly otherSettings: readonly string[];
  /** Runs a script, in the next batch. @throws EngineUnavailable at once while the engine is down, or later; ScriptError */
  run(script: Script, keys: readonly EngineKey[], args: readonly EngineArgument[]): Promise<EngineReply>;
  /** Sends one command, in the next batch. @param command in capital letters @throws EngineUnavailable, ScriptError */
  call(command: string, ...args: EngineArgument[]): Promise<EngineReply>;
  /**
   * Reads streams as they grow, until the signal, also over outages. One at a time.
   * @param streams asked before each read, which takes a second at most
   */
  tail(streams: () => readonly StreamPlace[], onEntries: OnEntries, signal: AbortSignal): Promise<void>;
  /** @throws EngineUnavailable, EngineRefused */
  openLine(): Promise<EngineLine>;
  /** Commands that a listener gives at once go out before all others. @returns ends the listening */
  onUp(listener: () => void): () => void;
  /** @returns ends the listening */
  onDown(listener: () => void): () => void;
  /** Closes at once: what is unanswered fails. */
  close(): Promise<void>;
}
