import type { Connection } from './connection.ts';
import { deadline } from './deadline.ts';
import type { EngineArgument, EngineLine, EngineReply } from './engine.ts';

/**
 * A connection for commands whose answers take long: reads that wait for news, and reads of much data. Commands are sent at once. The
 * connection is closed when answers are due and the engine sends nothing at all for a while.
 */
export class Line implements EngineLine {
  readonly #connection: Connection;
  readonly #silenceLimitMs: number;
  #unanswered = 0;
  #bytesRead = 0;
  #cancelDeadline: (() => void) | undefined;

  constructor(connection: Connection, silenceLimitMs: number) {
    this.#connection = connection;
    this.#silenceLimitMs = silenceLimitMs;
  }

  /** @throws ScriptError, EngineUnavailable */
  call(name: string, ...args: EngineArgument[]): Promise<EngineReply> {
    return new Promise((resolve, reject) => {
      if (this.#unanswered === 0) this.#watch();
      this.#unanswered += 1;
      this.#connection.send([{ name, args, resolve, reject }], () => this.#onAnswer());
    });
  }

  /** Fails what is unanswered. */
  close(reason = 'its connection was closed'): void {
    this.#cancelDeadline?.();
    this.#connection.close(reason);
  }

  #watch(): void {
    this.#bytesRead = this.#connection.bytesRead;
    this.#cancelDeadline?.();
    this.#cancelDeadline = deadline(this.#silenceLimitMs, () => {
      if (this.#connection.bytesRead === this.#bytesRead) this.#connection.lose('it does not answer in time');
      else this.#watch();
    });
  }

  #onAnswer(): void {
    this.#unanswered -= 1;
    if (this.#unanswered === 0) this.#cancelDeadline?.();
  }
}
