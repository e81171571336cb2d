import { randomUUID } from 'node:crypto';

import { encrypt, getConversationKey } from 'nostr-tools/nip44';
import { createRumor, createSeal } from 'nostr-tools/nip59';
import {
  type EventTemplate,
  finalizeEvent,
  generateSecretKey,
  getPublicKey,
  type NostrEvent,
} from 'nostr-tools/pure';

import { RelayPublisher } from './relay-publisher.ts';

const HOUR = 3600;
const DAY = 24 * HOUR;

/** A Mostro node: it writes to its users in both transports of the protocol, and publishes to relays. */
export class Daemon implements AsyncDisposable {
  readonly secretKey: Uint8Array;
  readonly pubkey: string;
  readonly #publishers = new Map<string, Promise<RelayPublisher>>();

  constructor(secretKey: Uint8Array = generateSecretKey()) {
    this.secretKey = secretKey;
    this.pubkey = getPublicKey(secretKey);
  }

  /** Transport v1: a NIP-59 gift wrap (kind 1059), whose author is a key used once. */
  giftWrap(recipientPubkey: string, { backdatedHours = 0 } = {}): NostrEvent {
    const rumor = createRumor({ kind: 1, content: JSON.stringify([orderMessage(), null]) }, this.secretKey);
    const seal = createSeal(rumor, this.secretKey, recipientPubkey);
    const oneTimeKey = generateSecretKey();
    return signed(
      {
        kind: 1059,
        created_at: now() - Math.round(backdatedHours * HOUR),
        tags: [['p', recipientPubkey]],
        content: encrypt(JSON.stringify(seal), getConversationKey(oneTimeKey, recipientPubkey)),
      },
      oneTimeKey,
    );
  }

  /** Transport v2: a kind 14 event that the node itself has signed. */
  message(recipientPubkey: string, { expiresInDays = 30 } = {}): NostrEvent {
    const created_at = now();
    const conversationKey = getConversationKey(this.secretKey, recipientPubkey);
    return signed(
      {
        kind: 14,
        created_at,
        tags: [
          ['p', recipientPubkey],
          ['expiration', String(created_at + Math.round(expiresInDays * DAY))],
        ],
        content: encrypt(JSON.stringify([orderMessage(), null, null]), conversationKey),
      },
      this.secretKey,
    );
  }

  /** Resolves when the relay has accepted the event. Rejects with the relay's message if it refuses. */
  async publish(relayUrl: string, event: NostrEvent): Promise<void> {
    const publisher = await this.#publisher(relayUrl);
    await publisher.publish(event);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const publishers = await Promise.allSettled(this.#publishers.values());
    for (const result of publishers) if (result.status === 'fulfilled') result.value.close();
  }

  async #publisher(relayUrl: string): Promise<RelayPublisher> {
    const known = await this.#publishers.get(relayUrl)?.catch(() => undefined);
    if (known?.isOpen === true) return known;
    const connecting = RelayPublisher.connect(relayUrl);
    this.#publishers.set(relayUrl, connecting);
    return connecting;
  }
}

function now(): number {
  return Math.floor(Date.now() / 1000);
}

function orderMessage(): object {
  return {
    order: {
      version: 1,
      id: randomUUID(),
      request_id: null,
      trade_index: 1,
      action: 'new-order',
      payload: null,
    },
  };
}

/**
 * Signs an event. nostr-tools marks what it signed as verified, and the mark survives spreading: left in place, a test
 * that forges an event from a genuine one would be told by `verifyEvent` that the forgery is genuine.
 */
function signed(template: EventTemplate, secretKey: Uint8Array): NostrEvent {
  const { id, pubkey, created_at, kind, tags, content, sig } = finalizeEvent(template, secretKey);
  return { id, pubkey, created_at, kind, tags, content, sig };
}
