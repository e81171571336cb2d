import type { EventSink } from '../core/ports.ts';
import type { Telemetry } from '../core/telemetry.ts';
import { RelayConnection } from './relay-connection.ts';
import type { RelayTiming } from './relay-timing.ts';

export interface RelayStatus {
  /** The relay's host. */
  readonly relay: string;
  /** The kinds whose subscription is live. */
  readonly liveKinds: readonly number[];
}

export interface RelayPoolOptions {
  readonly urls: readonly string[];
  readonly kinds: readonly number[];
  readonly sink: EventSink;
  readonly telemetry: Telemetry;
  readonly timing: RelayTiming;
}

/** All configured relays, each by itself: none disturbs another. */
export class RelayPool {
  readonly #connections: readonly RelayConnection[];

  constructor({ urls, kinds, sink, telemetry, timing }: RelayPoolOptions) {
    this.#connections = urls.map((url) => new RelayConnection({ url, kinds, sink, telemetry, timing }));
  }

  /** Resolves when the signal has ended every connection. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.run(signal)));
  }

  /** How many relays there are, and how many of them have a live subscription. */
  summary(): { total: number; live: number } {
    const live = this.#connections.filter(({ liveKinds }) => liveKinds.length > 0).length;
    return { total: this.#connections.length, live };
  }

  status(): RelayStatus[] {
    return this.#connections.map(({ host, liveKinds }) => ({ relay: host, liveKinds }));
  }
}
