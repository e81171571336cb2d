import type { WebSocket } from 'ws';

/**
 * How long a relay's turn lasts, in milliseconds. Node reads up to 2 MiB of one socket before it looks at another. Verifying so many events
 * takes a second, and meanwhile no push would be sent or answered.
 */
const TURN_MS = 5;

/** Ends a relay's turn: pauses the relay until Node has served everything else once. */
export class Turn {
  readonly #socket: WebSocket;
  readonly #resume: () => void;
  #next: NodeJS.Immediate | undefined;
  #endsAt = 0;

  /** @param resume reads the relay again, unless it is paused for another reason */
  constructor(socket: WebSocket, resume: () => void) {
    this.#socket = socket;
    this.#resume = resume;
  }

  /**
   * To be called when bytes have come, and when they have been handled. Pauses the relay if its turn is over.
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
