import type { WebSocket } from 'ws';

/**
 * After so many milliseconds a relay's turn is over, and everyone else has theirs. Node hands over up to 2 MiB of one
 * socket before it looks at another: of events to verify that is a second in which no push is sent or answered.
 */
const TURN_MS = 5;

/** The time that one relay may take without letting others have theirs. */
export class Turn {
  readonly #socket: WebSocket;
  readonly #resume: () => void;
  #next: NodeJS.Immediate | undefined;
  #endsAt = 0;

  /** @param resume reads the relay again, if nothing else stands against it */
  constructor(socket: WebSocket, resume: () => void) {
    this.#socket = socket;
    this.#resume = resume;
  }

  /**
   * Bytes have come, or have been dealt with: the relay is paused if its turn is over.
   *
   * @param now monotonic milliseconds
   */
  note(now: number): void {
    if (this.#next !== undefined) {
      if (now >= this.#endsAt) this.#socket.pause();
      return;
    }
    this.#endsAt = now + TURN_MS;
    this.#next = setImmediate(() => {
      this.#next = undefined;
      if (this.#socket.isPaused) this.#resume();
    });
  }

  end(): void {
    clearImmediate(this.#next);
  }
}
