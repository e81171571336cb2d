/**
 * The Mostro instances that this server works for (`MOSTRO_PUBKEYS`). A reload replaces them. Whoever needs them holds the one set, which
 * changes in place, so that a look at it costs no more than a look at any set.
 */
export class InstancePubkeys {
  readonly #all: Set<string>;
  readonly #onChange = new Set<() => void>();
  #areTrustedOnly: boolean;

  /** @param pubkeys lower-case hex @param trustedOnly `TRUSTED_WHITELIST_ENABLED` */
  constructor(pubkeys: readonly string[], trustedOnly: boolean) {
    this.#all = new Set(pubkeys);
    this.#areTrustedOnly = trustedOnly;
  }

  /** Always the same set; empty for any instance. */
  get all(): ReadonlySet<string> {
    return this.#all;
  }

  /** The instances whose users may register; `undefined` for any. */
  get trusted(): ReadonlySet<string> | undefined {
    return this.#areTrustedOnly && this.#all.size > 0 ? this.#all : undefined;
  }

  /** Calls back after each change of the set. @returns ends that */
  onChange(callback: () => void): () => void {
    this.#onChange.add(callback);
    return () => void this.#onChange.delete(callback);
  }

  replace(pubkeys: readonly string[], trustedOnly: boolean): void {
    this.#areTrustedOnly = trustedOnly;
    if ([...this.#all].join(',') === pubkeys.join(',')) return;
    this.#all.clear();
    for (const pubkey of pubkeys) this.#all.add(pubkey);
    for (const callback of this.#onChange) callback();
  }
}
