import { unixSeconds, type Clock } from '../../core/basics/clock.ts';
import type { EventSigner } from '../../core/nostr/event-signer.ts';
import { TokenBucket } from '../../core/basics/token-bucket.ts';
import type { RelayTiming } from './relay-timing.ts';

/** NIP-42. */
const AUTH_KIND = 22_242;
/** Each answer costs a signature. A relay needs one, and may ask again when its patience ends. */
const ANSWERS = { burst: 8, perSecond: 1 / 300 };
const MAX_CHALLENGE_CHARACTERS = 1024;

/** `none`: the relay has not asked. */
export type AuthenticationState = 'none' | 'pending' | 'accepted' | 'refused';

export interface RelayAuthenticationOptions {
  /** The relay's URL. */
  readonly url: string;
  readonly signer: EventSigner;
  readonly clock: Clock;
  /** What waits go by, in milliseconds; `clock` where it is absent. */
  readonly monotonic?: Clock;
  readonly timing: Pick<RelayTiming, 'authenticationTimeoutMs'>;
  readonly send: (message: readonly unknown[]) => void;
  readonly onResult: (accepted: boolean) => void;
}

/** Answers one connection's challenges with the server's key (NIP-42, contract 2). */
export class RelayAuthentication {
  readonly #options: RelayAuthenticationOptions;
  readonly #monotonic: Clock;
  readonly #allowance: TokenBucket;
  /** The ids of the answers that the relay has not judged yet. */
  readonly #answers = new Set<string>();
  #isAccepted = false;
  #answeredAt = -Infinity;
  state: AuthenticationState = 'none';

  constructor(options: RelayAuthenticationOptions) {
    this.#options = options;
    this.#monotonic = options.monotonic ?? options.clock;
    this.#allowance = new TokenBucket({ ...ANSWERS, clock: this.#monotonic });
  }

  /** Whether the relay has judged us; else it may still do so. */
  get isOver(): boolean {
    return this.state === 'accepted' || this.state === 'refused';
  }

  /** Whether the relay has our answer, and time left to judge it. */
  get isUnderWay(): boolean {
    return (
      this.state === 'pending' &&
      this.#monotonic() - this.#answeredAt < this.#options.timing.authenticationTimeoutMs
    );
  }

  /** @returns whether the challenge is one that is answered */
  onChallenge(challenge: string): boolean {
    if (challenge.length > MAX_CHALLENGE_CHARACTERS || this.#allowance.spend(1) > 0) return false;
    const { clock, send, signer, url } = this.#options;
    const event = signer.sign({
      kind: AUTH_KIND,
      created_at: unixSeconds(clock),
      tags: [
        ['relay', withoutCredentials(url)],
        ['challenge', challenge],
      ],
      content: '',
    });
    this.#answers.add(event.id);
    this.state = 'pending';
    this.#answeredAt = this.#monotonic();
    send(['AUTH', event]);
    return true;
  }

  /** @returns whether it judges our answer */
  onOk(id: string, accepted: boolean): boolean {
    if (!this.#answers.delete(id)) return false;
    this.#isAccepted ||= accepted;
    if (!accepted && this.#answers.size > 0) return true;
    // One answer that was accepted is enough: relays refuse the next one, since they know us already.
    this.state = this.#isAccepted ? 'accepted' : 'refused';
    this.#options.onResult(this.#isAccepted);
    return true;
  }
}

/** A URL as written, but without user and password, which are between the relay and us. */
function withoutCredentials(url: string): string {
  return url.replace(/^(wss?:\/\/)[^/?#]*@/, '$1');
}
