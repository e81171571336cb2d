import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';

import { RelaySubscription } from './relay-subscription.ts';

const PROGRAM = resolve('.relays/bin/foreign-relay');

interface ForeignRelayOptions {
  /** If true, a gift wrap is only served to a client that has authenticated (NIP-42) as the key in its `p` tag. */
  restrictGiftWraps?: boolean;
}

/** Whether `.ci/install-relay` has been run. */
export function isForeignRelayInstalled(): boolean {
  return existsSync(PROGRAM);
}

/** An independent relay: khatru, in its own process. It keeps its events in memory. */
export class ForeignRelay implements AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
    this.port = Number(new URL(url).port);
  }

  /** Resolves when it has answered a REQ. */
  static async start({ restrictGiftWraps = false }: ForeignRelayOptions = {}): Promise<ForeignRelay> {
    const child = spawn(PROGRAM, restrictGiftWraps ? ['-restrict-gift-wraps'] : [], { stdio: 'pipe' });
    await once(child, 'spawn');
    const errors = text(child.stderr);
    for await (const url of createInterface({ input: child.stdout })) {
      const relay = new ForeignRelay(child, url);
      await relay.#answered();
      return relay;
    }
    throw new Error(`the foreign relay did not start: ${await errors}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGKILL');
    await once(this.#child, 'close');
  }

  async #answered(): Promise<void> {
    try {
      (await RelaySubscription.open(this.url, { kinds: [1], limit: 1 }))[Symbol.dispose]();
    } catch (error) {
      await this[Symbol.asyncDispose]();
      throw error;
    }
  }
}
