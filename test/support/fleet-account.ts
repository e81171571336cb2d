import type { GooglePush } from '../../stand-ins/google-messages.ts';

/** An event, or a call for a chat wake, that came to servers of a fleet. */
export interface Arrival {
  readonly what: string;
  readonly key: string;
  /** By `performance.now()`, as all times here. */
  readonly at: number;
  /** The numbers of the servers that got it. */
  readonly servers: readonly number[];
  /** A relay keeps it for servers that ask for it later. */
  readonly isStored: boolean;
}

/** The device at which a key points from some time on. */
interface Pointing {
  readonly token: string | undefined;
  readonly askedAt: number;
  /** Infinity if the server did not answer, or refused. */
  acknowledgedAt: number;
}

/** By then every server has heard of a registration. */
const HEARD_MS = 1500;
/** By then other servers know of an event that came to one server alone, also if the engine was down for a while. */
const KNOWN_MS = 15_000;

/** What a fleet was asked to do, and what must have come of it, whatever failed. */
export class FleetAccount {
  readonly arrivals: Arrival[] = [];
  readonly #pointings = new Map<string, Pointing[]>();
  readonly #endedAt = new Map<number, number>();
  readonly #disturbances: { readonly from: number; readonly to: number }[] = [];

  /** A server is asked to register the key, or to unregister it if there is no token. @returns to be called when it has said yes */
  ask(key: string, token: string | undefined): () => void {
    const pointing: Pointing = { token, askedAt: performance.now(), acknowledgedAt: Infinity };
    this.#pointings.set(key, [...(this.#pointings.get(key) ?? []), pointing]);
    return () => (pointing.acknowledgedAt = performance.now());
  }

  /** The server with this number has been ended. */
  ended(server: number): void {
    this.#endedAt.set(server, performance.now());
  }

  /** What was under way in this time may wake twice. */
  disturbed(from: number, to: number): void {
    this.#disturbances.push({ from, to });
  }

  /** What should have woken a device, and has not. */
  lost(pushes: readonly GooglePush[]): Arrival[] {
    return this.arrivals.filter((arrival) => {
      if (!this.#isDue(arrival)) return false;
      const tokens = this.#tokensOf(arrival);
      if (tokens.includes(undefined)) return false;
      return !pushes.some(({ at, token }) => at >= arrival.at && tokens.includes(token));
    });
  }

  /** The devices that were woken more often than there was reason to. */
  doubled(pushes: readonly GooglePush[]): string[] {
    return [...new Set(pushes.map(({ token }) => token))].flatMap((token) => {
      const woken = pushes.filter((push) => push.token === token);
      const reasons = this.arrivals.filter((arrival) => this.#tokensOf(arrival).includes(token));
      const near = [...reasons, ...woken].map(({ at }) => at);
      const excused = this.#disturbances.filter(({ from, to }) => near.some((at) => at >= from && at <= to));
      if (woken.length <= reasons.length * (1 + excused.length)) return [];
      return [`${token}: ${woken.length} wakes for ${reasons.map(({ what }) => what).join(', ')}`];
    });
  }

  /** Whether a relay has it, or a server that got it has lived long enough to tell others. */
  #isDue({ at, isStored, servers }: Arrival): boolean {
    return isStored || servers.some((server) => (this.#endedAt.get(server) ?? Infinity) > at + KNOWN_MS);
  }

  /** Where its key may have pointed from then on. */
  #tokensOf({ at, key }: Arrival): (string | undefined)[] {
    let tokens: (string | undefined)[] = [];
    for (const { acknowledgedAt, token } of this.#pointings.get(key) ?? [])
      tokens = acknowledgedAt < at - HEARD_MS ? [token] : [...tokens, token];
    return tokens;
  }
}
