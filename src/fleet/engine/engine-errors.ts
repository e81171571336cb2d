import { Secret } from '../../core/basics/secret.ts';

/**
 * The engine cannot be used now. It is dialled again until it can.
 * The message is the reason, in words for the operator; it holds no address and no credentials.
 */
export class EngineUnavailable extends Error {
  override readonly name = 'EngineUnavailable';
  /** Whether the command had left this server. Then the engine may have run it, or may run it still: a frozen engine reads what waits in its sockets. */
  readonly wasSent: boolean;

  constructor(reason: string, wasSent = false) {
    super(reason);
    this.wasSent = wasSent;
  }
}

/** This program cannot work with the engine at `REDIS_URL` as it is configured. The message is for the operator. */
export class EngineRefused extends Error {
  override readonly name = 'EngineRefused';
  /** What the engine is or does, in words that follow on "the engine:". */
  readonly reason: string;

  constructor(reason: string) {
    super(`REDIS_URL: the engine there cannot be used: ${reason}`);
    this.reason = reason;
  }
}

/** Why the engine cannot be used, in words for the operator. */
export function reasonOf(error: unknown): string {
  if (error instanceof EngineRefused) return error.reason;
  return error instanceof Error ? error.message : 'of an unknown fault';
}

/** The engine answered a command or a script with an error. The message leaves the engine's words out, since they can quote the arguments of the command. */
export class ScriptError extends Error {
  override readonly name = 'ScriptError';
  /** The first word of the engine's text, such as `WRONGTYPE`; a script can answer with a word of its own. */
  readonly code: string;
  /** The engine's own words. */
  readonly text: Secret<string>;

  constructor(text: string) {
    const code = /^[A-Z]{1,24}\b/.exec(text)?.[0] ?? 'ERR';
    // The line of a script that failed.
    const line = /\buser_script:(\d{1,4})\b/.exec(text)?.[1];
    super(`the engine answered ${code}${line === undefined ? '' : ` at line ${line} of a script`}`);
    this.code = code;
    this.text = new Secret(text);
  }
}
