import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

import { Fifo } from '../../core/basics/fifo.ts';
import { AnswerReader, BadAnswer, ErrorAnswer } from './answer-reader.ts';
import { deadline } from './deadline.ts';
import { encodeCommands, type Command } from './encode-commands.ts';
import type { EngineReply } from './engine.ts';
import type { EngineAddress } from './engine-address.ts';
import { EngineRefused, EngineUnavailable, reasonOf, ScriptError } from './engine-errors.ts';
import { CUT, explainDialFailure, NO_ENGINE } from './engine-failure.ts';

/** One command, and who waits for its answer. */
export interface Request extends Command {
  readonly resolve: (reply: EngineReply) => void;
  readonly reject: (error: Error) => void;
}

interface Sent {
  readonly request: Request;
  readonly onAnswer: () => void;
}

/** One connection to the engine. The engine answers its commands in order. */
export class Connection {
  readonly #socket: Socket;
  readonly #reader = new AnswerReader((answer) => this.#take(answer));
  readonly #sent = new Fifo<Sent>();
  #lost: string | undefined;
  #refusal: EngineRefused | undefined;
  #onLost: ((reason: string) => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => this.#read(chunk));
    socket.once('close', () => this.lose(CUT));
    socket.on('error', (error) => {
      const failure = explainDialFailure(error);
      if (failure instanceof EngineRefused) this.#refusal = failure;
      this.lose(reasonOf(failure));
    });
  }

  /** That the configuration must change, if the end of the connection says so: TLS tells some of it after the connection is open. */
  get refusal(): EngineRefused | undefined {
    return this.#refusal;
  }

  /** Connects, without a word to the engine. @throws EngineUnavailable, EngineRefused */
  static async dial(address: EngineAddress, limitMs: number, signal: AbortSignal): Promise<Connection> {
    signal.throwIfAborted();
    const { host, port, tls } = address;
    const socket = tls
      ? connectTls({ host, port, ...(isIP(host) === 0 && { servername: host }) })
      : connect({ host, port });
    socket.setNoDelay(true).setKeepAlive(true);
    const giveUp = (): void => void socket.destroy();
    signal.addEventListener('abort', giveUp);
    const cancelDeadline = deadline(limitMs, () => {
      socket.destroy(Object.assign(new Error('no connection'), { code: 'ETIMEDOUT' }));
    });
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once(tls ? 'secureConnect' : 'connect', resolve);
        socket.once('error', reject);
        socket.once('close', () => reject(new Error(CUT)));
      });
    } catch (error) {
      // A failure that comes after the first one.
      socket.on('error', () => undefined);
      throw explainDialFailure(error, tls);
    } finally {
      cancelDeadline();
      signal.removeEventListener('abort', giveUp);
    }
    return new Connection(socket);
  }

  /** Bytes that the engine has sent: whether they become more shows whether it still answers. */
  get bytesRead(): number {
    return this.#socket.bytesRead;
  }

  /** Called once when the connection is lost, not when it is closed. */
  onLost(listener: (reason: string) => void): void {
    if (this.#lost === undefined) this.#onLost = listener;
    else listener(this.#lost);
  }

  /** Sends commands with one system call. @param onAnswer called after each answer, an error too */
  send(requests: readonly Request[], onAnswer: () => void): void {
    for (const request of requests) this.#sent.push({ request, onAnswer });
    if (this.#lost === undefined) this.#socket.write(encodeCommands(requests));
    else this.#failAll(this.#lost);
  }

  /** Closes the connection at once: what is unanswered fails with the reason. */
  close(reason: string): void {
    this.#onLost = undefined;
    this.lose(reason);
  }

  /** Closes the connection as if it had been lost. */
  lose(reason: string): void {
    if (this.#lost !== undefined) return;
    this.#lost = reason;
    this.#socket.destroy();
    this.#failAll(reason);
    this.#onLost?.(reason);
    this.#onLost = undefined;
  }

  #read(chunk: Buffer): void {
    if (this.#lost !== undefined) return;
    try {
      this.#reader.read(chunk);
    } catch (error) {
      if (!(error instanceof BadAnswer)) throw error;
      this.#refusal = new EngineRefused(NO_ENGINE);
      this.lose(NO_ENGINE);
    }
  }

  #take(answer: EngineReply | ErrorAnswer): void {
    // The rest of a chunk after whose beginning the connection was closed.
    if (this.#lost !== undefined) return;
    const sent = this.#sent.shift();
    if (sent === undefined) throw new BadAnswer();
    sent.onAnswer();
    if (answer instanceof ErrorAnswer) sent.request.reject(new ScriptError(answer.text));
    else sent.request.resolve(answer);
  }

  #failAll(reason: string): void {
    for (let sent = this.#sent.shift(); sent !== undefined; sent = this.#sent.shift()) {
      sent.onAnswer();
      sent.request.reject(new EngineUnavailable(reason, true));
    }
  }
}
