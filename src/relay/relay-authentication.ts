import { unixSeconds, type Clock } from '../core/clock.ts';
import type { EventSigner } from '../core/ports.ts';

/** NIP-42. */
const AUTH_KIND = 22_242;
/** Each answer costs a signature, and a relay needs one. */
const MAX_ANSWERS = 8;
const MAX_CHALLENGE_CHARACTERS = 1024;

/** `none`: the relay has not asked. */
export type AuthenticationState = 'none' | 'pending' | 'accepted' | 'refused';

export interface RelayAuthenticationParts {
  /** The relay's URL, as the answer names it. */
  readonly url: string;
  readonly signer: EventSigner;
  readonly clock: Clock;
  readonly send: (message: readonly unknown[]) => void;
  readonly onResult: (accepted: boolean) => void;
}

/** Answers one connection's challenges with the server's key (NIP-42, contract 2). */
export class RelayAuthentication {
  readonly #parts: RelayAuthenticationParts;
  #answers = 0;
  /** The id of the answer that the relay has not judged yet. */
  #answer: string | undefined;
  state: AuthenticationState = 'none';

  constructor(parts: RelayAuthenticationParts) {
    this.#parts = parts;
  }

  /** Whether the relay has judged us; else it may still do so. */
  get isOver(): boolean {
    return this.state === 'accepted' || this.state === 'refused';
  }

  /** @returns whether the challenge is one that is answered */
  onChallenge(challenge: string): boolean {
    if (challenge.length > MAX_CHALLENGE_CHARACTERS || this.#answers === MAX_ANSWERS) return false;
    this.#answers++;
    const { clock, send, signer, url } = this.#parts;
    const event = signer.sign({
      kind: AUTH_KIND,
      created_at: unixSeconds(clock),
      tags: [
        ['relay', url],
        ['challenge', challenge],
      ],
      content: '',
    });
    this.#answer = event.id;
    this.state = 'pending';
    send(['AUTH', event]);
    return true;
  }

  /** @returns whether it judges our answer */
  onOk(id: string, accepted: boolean): boolean {
    if (id !== this.#answer) return false;
    this.#answer = undefined;
    this.state = accepted ? 'accepted' : 'refused';
    this.#parts.onResult(accepted);
    return true;
  }
}
