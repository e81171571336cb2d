import type { Connection } from './connection.ts';
import { deadline } from './deadline.ts';
import type { EngineArgument, EngineLine, EngineReply } from './engine.ts';

/** How long a line may do nothing, in milliseconds. */
export interface LineLimits {
  /** Without a byte, while an answer is due. */
  readonly silenceMs: number;
  /** Until the next answer has come. */
  readonly answerMs: number;
}

/**
 * A connection for commands whose answers take long: reads that wait for news, and reads of much data. Commands are sent at once. The
 * connection is closed when answers are due and the engine sends nothing at all for a while, or when one answer does not end.
 */
export class Line implements EngineLine {
  readonly #connection: Connection;
  readonly #limits: LineLimits;
  #unanswered = 0;
  #bytesRead = 0;
  /** For how long the next answer has been coming, in milliseconds. */
  #takenMs = 0;
  #cancelDeadline: (() => void) | undefined;

  constructor(connection: Connection, limits: LineLimits) {
    this.#connection = connection;
    this.#limits = limits;
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
    const { answerMs, silenceMs } = this.#limits;
    this.#cancelDeadline = deadline(silenceMs, () => {
      const isSilent = this.#connection.bytesRead === this.#bytesRead;
      this.#takenMs += silenceMs;
      if (isSilent || this.#takenMs > answerMs) this.#connection.lose('it does not answer in time');
      else this.#watch();
    });
  }

  #onAnswer(): void {
    this.#unanswered -= 1;
    this.#takenMs = 0;
    if (this.#unanswered === 0) this.#cancelDeadline?.();
  }
}
