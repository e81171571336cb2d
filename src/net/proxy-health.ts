import type { ProxyAddress } from '../core/basics/proxy-address.ts';
import { answersItself, ProxyError } from './tunnel.ts';

/** A proxy that says nothing about so many hosts in a row is at fault itself. One silent host says nothing about the proxy. */
const SILENT_HOSTS = 2;
/** The answers that concern one destination, and not the proxy: forbidden, not reached. */
const OF_DESTINATION = /^PROXY_(?:40[034]|5\d\d|SOCKS_(?!AUTH|INVALID).*|TIMEOUT|CLOSED)$/;

/**
 * Whether one proxy works. After a connection that came to nothing in time, the fault may be the host's or the proxy's. The proxy is then
 * asked something that concerns no host: a server may have only one host to ask for, such as its only relay, while no wake is due.
 */
export class ProxyHealth {
  readonly #proxy: ProxyAddress;
  readonly #answerTimeoutMs: number;
  readonly #silent = new Set<string>();
  #problem: string | undefined;
  /** It was asked after a connection that came to nothing, and gave no answer of its own. */
  #isFrozen = false;
  #isAsked = false;
  /** How many connections it has made or refused. */
  #answers = 0;

  /** @param answerTimeoutMs how long the proxy may take for an answer of its own */
  constructor(proxy: ProxyAddress, answerTimeoutMs: number) {
    this.#proxy = proxy;
    this.#answerTimeoutMs = answerTimeoutMs;
  }

  /** What is wrong with the proxy, since the last answer that it gave; absent: nothing. */
  get problem(): string | undefined {
    return this.#problem ?? (this.#isFrozen ? 'PROXY_TIMEOUT' : undefined);
  }

  noteAnswer(): void {
    this.#answers++;
    this.#problem = undefined;
    this.#isFrozen = false;
    this.#silent.clear();
  }

  /** @param ownHost the host that was asked for, if the operator chose it */
  noteFailure(error: unknown, ownHost: string | undefined): void {
    const code = error instanceof ProxyError ? error.code : '';
    if (!OF_DESTINATION.test(code)) this.#problem = code;
    else if (code !== 'PROXY_TIMEOUT' && code !== 'PROXY_CLOSED') this.noteAnswer();
    else {
      if (ownHost !== undefined) this.#silent.add(ownHost);
      if (this.#silent.size >= SILENT_HOSTS) this.#problem = code;
      if (code === 'PROXY_TIMEOUT') void this.#ask();
    }
  }

  async #ask(): Promise<void> {
    if (this.#isAsked) return;
    this.#isAsked = true;
    const before = this.#answers;
    const answers = await answersItself(this.#proxy, this.#answerTimeoutMs);
    this.#isAsked = false;
    // An answer that came meanwhile says more.
    if (this.#answers === before) this.#isFrozen = !answers;
  }
}
