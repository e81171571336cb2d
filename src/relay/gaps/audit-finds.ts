/** The most ids of live events that are remembered during an audit. */
const MOST = 10_000;

/**
 * Counts the events that an audit found and the relay never sent live. An event that was published during the audit comes by a page and
 * live, in any order.
 */
export class AuditFinds {
  #current: { readonly found: Set<string>; readonly live: Set<string> } | undefined;

  begin(): void {
    this.#current = { found: new Set(), live: new Set() };
  }

  found(id: string): void {
    this.#current?.found.add(id);
  }

  /** An event for a registered key has come live. */
  heard(event: { readonly id: string }): void {
    if (this.#current !== undefined && this.#current.live.size < MOST) this.#current.live.add(event.id);
  }

  /** @returns how many events came by the audit only */
  end(): number {
    const { found, live } = this.#current ?? { found: new Set<string>(), live: new Set<string>() };
    this.#current = undefined;
    return [...found].filter((id) => !live.has(id)).length;
  }
}
