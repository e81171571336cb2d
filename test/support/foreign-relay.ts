import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';

import type { RelayMake, RelaySettings } from './relay-makes.ts';
import { KHATRU } from './relay-makes.ts';
import { RelaySubscription } from './relay-subscription.ts';
import { publishAll, type TestRelay } from './test-relay.ts';

/** An independent relay in its own process. */
export class ForeignRelay implements TestRelay {
  readonly url: string;
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
    this.port = Number(new URL(url).port);
  }

  /** Resolves when it has answered a connection. */
  static async start(settings: RelaySettings = {}, make: RelayMake = KHATRU): Promise<ForeignRelay> {
    const [program, ...args] = make.command() ?? [];
    if (program === undefined) throw new Error(`${make.name} is not installed`);
    // In a process group of its own, so that its end is that of every process which it has started.
    const child = spawn(program, [...args, ...flags(settings)], {
      stdio: 'pipe',
      env: make.environment(),
      detached: true,
    });
    await once(child, 'spawn');
    const errors = text(child.stderr);
    for await (const url of createInterface({ input: child.stdout })) {
      const relay = new ForeignRelay(child, url);
      if (settings.auth !== true) await relay.#answered();
      return relay;
    }
    throw new Error(`${make.name} did not start: ${await errors}`);
  }

  publish(events: Parameters<typeof publishAll>[1]): Promise<void> {
    return publishAll(this.url, events);
  }

  /** Ends it as a power failure does. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const closed = once(this.#child, 'close');
    if (this.#child.pid !== undefined) process.kill(-this.#child.pid, 'SIGKILL');
    await closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }

  async #answered(): Promise<void> {
    try {
      (await RelaySubscription.open(this.url, { kinds: [1], limit: 1 }))[Symbol.dispose]();
    } catch (error) {
      await this.kill();
      throw error;
    }
  }
}

function flags(settings: RelaySettings): string[] {
  const { auth, directory, maxLimit, maxSubscriptions, negentropy, port, restrictGiftWraps } = settings;
  return [
    ...(port === undefined ? [] : ['--port', `${port}`]),
    ...(directory === undefined ? [] : ['--directory', directory]),
    ...(maxLimit === undefined ? [] : ['--max-limit', `${maxLimit}`]),
    ...(maxSubscriptions === undefined ? [] : ['--max-subscriptions', `${maxSubscriptions}`]),
    ...(settings.stateSubscriptions === true ? ['--state-subscriptions'] : []),
    ...(negentropy === true ? ['--negentropy'] : []),
    ...(auth === true ? ['--auth'] : []),
    ...(restrictGiftWraps === true ? ['--restrict-gift-wraps'] : []),
  ];
}
