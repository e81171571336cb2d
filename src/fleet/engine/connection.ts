import type * as Ioredis from 'ioredis';

import { loadCommonJs } from '../../lib/load-commonjs.ts';
import { deadline } from './deadline.ts';
import type { EngineArgument, EngineReply } from './engine.ts';
import type { EngineAddress } from './engine-address.ts';
import { EngineRefused, EngineUnavailable, reasonOf, ScriptError } from './engine-errors.ts';
import { CUT, explainDialFailure } from './engine-failure.ts';

/** One command, and who waits for its answer. */
export interface Request {
  /** In capital letters. */
  readonly name: string;
  readonly args: readonly EngineArgument[];
  readonly resolve: (reply: EngineReply) => void;
  readonly reject: (error: Error) => void;
}

/**
 * One connection to the engine. The engine answers its commands in order. The library dials, writes and reads; it neither dials
 * again nor sends a command twice.
 */
export class Connection {
  readonly #redis: Ioredis.Redis;
  readonly #Command: typeof Ioredis.Command;
  #lost: string | undefined;
  /** Why the engine would not be used at another attempt either. */
  #refusal: EngineRefused | undefined;
  #onLost: ((reason: string) => void) | undefined;

  private constructor(redis: Ioredis.Redis, Command: typeof Ioredis.Command) {
    this.#redis = redis;
    this.#Command = Command;
    redis.once('close', () => this.lose(CUT));
    redis.stream.once('error', (error) => {
      const failure = explainDialFailure(error);
      if (failure instanceof EngineRefused) this.#refusal = failure;
      this.lose(reasonOf(failure));
    });
  }

  /** Connects, without a word of RESP. @throws EngineUnavailable, EngineRefused */
  static async dial(address: EngineAddress, limitMs: number, signal: AbortSignal): Promise<Connection> {
    signal.throwIfAborted();
    const { Command, Redis } = loadCommonJs('ioredis') as typeof Ioredis;
    const redis = new Redis({
      host: address.host,
      port: address.port,
      tls: address.tls ? {} : undefined,
      lazyConnect: true,
      connectTimeout: 0,
      protocol: 2,
      disableClientInfo: true,
      enableReadyCheck: false,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      retryStrategy: () => null,
    });
    let failure: unknown;
    redis.on('error', (error) => (failure ??= error));
    const cancelDeadline = deadline(limitMs, () => {
      failure = { code: 'ETIMEDOUT' };
      redis.disconnect();
    });
    const giveUp = (): void => redis.disconnect();
    signal.addEventListener('abort', giveUp);
    try {
      await redis.connect();
    } catch (error) {
      throw explainDialFailure(failure ?? error, address.tls);
    } finally {
      cancelDeadline();
      signal.removeEventListener('abort', giveUp);
    }
    return new Connection(redis, Command);
  }

  /** Bytes that the engine has sent: whether they become more shows whether it still answers. */
  get bytesRead(): number {
    return this.#redis.stream.bytesRead;
  }

  /** Called once when the connection is lost, not when it is closed. */
  onLost(listener: (reason: string) => void): void {
    if (this.#lost === undefined) this.#onLost = listener;
    else listener(this.#lost);
  }

  /** Sends commands with as few system calls as possible. @param onAnswer called after each answer, an error too */
  send(requests: readonly Request[], onAnswer: () => void): void {
    const { stream } = this.#redis;
    stream.cork();
    for (const request of requests) {
      const command = new this.#Command(request.name, request.args as EngineArgument[]);
      (this.#redis.sendCommand(command) as Promise<EngineReply>).then(
        (reply) => {
          onAnswer();
          return request.resolve(reply);
        },
        (error: Error) => {
          onAnswer();
          return request.reject(this.#explain(error));
        },
      );
    }
    stream.uncork();
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
    // What is unanswered fails now.
    this.#redis.disconnect();
    this.#redis.stream.destroy();
    this.#onLost?.(reason);
    this.#onLost = undefined;
  }

  #explain(error: Error): Error {
    if (error.name === 'ReplyError') return new ScriptError(error.message);
    const failure = explainDialFailure(error);
    return failure instanceof EngineRefused
      ? failure
      : (this.#refusal ?? new EngineUnavailable(this.#lost ?? reasonOf(failure), true));
  }
}
