import { unixSeconds, type Clock } from '../../core/basics/clock.ts';
import type { EventSigner } from '../../core/nostr/event-signer.ts';
import { TokenBucket } from '../../core/basics/token-bucket.ts';
import type { RelaySpelling } from './relay-spelling.ts';

/** The kind of an answer to a challenge (NIP-42). */
const AUTH_KIND = 22_242;
/** How many challenges are answered, because each answer costs a signature. A relay needs one, and may ask again now and then. */
const ANSWERS = { burst: 8, perSecond: 1 / 300 };
const MAX_CHALLENGE_CHARACTERS = 1024;

/** `none`: the relay has sent no challenge; `pending`: it has not judged our answer yet. */
export type AuthenticationState = 'none' | 'pending' | 'accepted' | 'refused';

export interface RelayAuthenticationOptions {
  readonly spelling: RelaySpelling;
  readonly signer: EventSigner;
  /** The time of day. */
  readonly clock: Clock;
  /** Measures waits, in milliseconds. */
  readonly monotonic: Clock;
  /** How long the relay may take to judge our answer, in milliseconds. */
  readonly timeoutMs: number;
  readonly send: (message: readonly unknown[]) => void;
  /** The relay has judged our answer. */
  readonly onResult: (accepted: boolean) => void;
}

/** Answers one connection's challenges with the server's key (NIP-42, contract 2). */
export class RelayAuthentication {
  readonly #options: RelayAuthenticationOptions;
  readonly #allowance: TokenBucket;
  /** The challenges of the answers that the relay has not judged yet, by the answer's id. */
  readonly #answers = new Map<string, string>();
  /** Whether the other spelling of the relay's URL has been tried. */
  #isRespelt = false;
  #isAccepted = false;
  #answeredAt = -Infinity;
  state: AuthenticationState = 'none';

  constructor(options: RelayAuthenticationOptions) {
    this.#options = options;
    this.#allowance = new TokenBucket({ ...ANSWERS, clock: options.monotonic });
  }

  /** Whether the relay has judged our answer. */
  get isOver(): boolean {
    return this.state === 'accepted' || this.state === 'refused';
  }

  /** Whether the relay has our answer and still has time to judge it. */
  get isUnderWay(): boolean {
    return this.state === 'pending' && this.#options.monotonic() - this.#answeredAt < this.#options.timeoutMs;
  }

  /** @returns whether the challenge was answered */
  onChallenge(challenge: string): boolean {
    if (challenge.length > MAX_CHALLENGE_CHARACTERS || this.#allowance.spend(1) > 0) return false;
    this.#answer(challenge);
    return true;
  }

  #answer(challenge: string): void {
    const { clock, monotonic, send, signer, spelling } = this.#options;
    const event = signer.sign({
      kind: AUTH_KIND,
      created_at: unixSeconds(clock),
      tags: [
        ['relay', spelling.url],
        ['challenge', challenge],
      ],
      content: '',
    });
    this.#answers.set(event.id, challenge);
    this.state = 'pending';
    this.#answeredAt = monotonic();
    send(['AUTH', event]);
  }

  /** @returns whether the OK is for an answer of ours */
  onOk(id: string, accepted: boolean): boolean {
    const challenge = this.#answers.get(id);
    if (challenge === undefined) return false;
    this.#answers.delete(id);
    this.#isAccepted ||= accepted;
    if (!accepted && this.#answers.size > 0) return true;
    if (!this.#isAccepted && this.#respell(challenge)) return true;
    // One accepted answer is enough. A relay that knows us already may refuse a further one.
    this.state = this.#isAccepted ? 'accepted' : 'refused';
    this.#options.onResult(this.#isAccepted);
    return true;
  }

  /** Answers a challenge again with the other spelling of the relay's URL, once. The relay may compare it with its own, character by character. */
  #respell(challenge: string): boolean {
    this.#options.spelling.change();
    if (this.#isRespelt || this.#allowance.spend(1) > 0) return false;
    this.#isRespelt = true;
    this.#answer(challenge);
    return true;
  }
}
