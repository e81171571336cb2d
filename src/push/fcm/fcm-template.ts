import type { Push, WakeKind } from '../../core/lanes/delivery.ts';
import type { FcmTarget } from '../../core/registry/push-target.ts';
import { fcmMessage, type FcmPayloadMode } from './fcm-message.ts';

/** What every message begins with, up to its token. */
const HEAD = '{"message":{"token":';
const NO_TOKEN = '""';

interface Rest {
  readonly timestamp: number;
  readonly text: string;
}

/** The bodies of `messages:send`: within one second all wakes of a kind are the same up to the token, and are made once. */
export class FcmTemplate {
  readonly #mode: FcmPayloadMode;
  readonly #rests: Partial<Record<WakeKind, Rest>> = {};

  constructor(mode: FcmPayloadMode) {
    this.#mode = mode;
  }

  /** The same as {@link fcmMessage}. */
  message({ token }: FcmTarget, wake: Push): string {
    return HEAD + JSON.stringify(token) + this.#rest(wake);
  }

  #rest(wake: Push): string {
    const known = this.#rests[wake.kind];
    if (known?.timestamp === wake.timestamp) return known.text;
    const whole = fcmMessage({ type: 'fcm', token: '' }, wake, this.#mode);
    const text = whole.slice(HEAD.length + NO_TOKEN.length);
    this.#rests[wake.kind] = { timestamp: wake.timestamp, text };
    return text;
  }
}
