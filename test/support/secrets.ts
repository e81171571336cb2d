import * as nip19 from 'nostr-tools/nip19';

/** The secrets of a test, by name. None may appear in an output. */
export class Secrets {
  readonly #texts = new Map<string, string>();

  add(name: string, text: string): void {
    // A short text would be found by accident, and an empty one everywhere.
    if (text.length < 6) throw new RangeError(`${name} is too short to be looked for`);
    this.#texts.set(text.toLowerCase(), name);
  }

  /** A trade key, in both of its spellings. */
  addKey(name: string, hex: string): void {
    this.add(`${name}, hex`, hex);
    this.add(`${name}, npub`, nip19.npubEncode(hex));
  }

  /** An endpoint: the whole, its host and its path. */
  addEndpoint(name: string, endpoint: string): void {
    const { host, pathname } = new URL(endpoint);
    this.add(name, endpoint);
    this.add(`${name}, host`, host);
    this.add(`${name}, path`, pathname.slice(1));
  }

  /** Something sealed or signed: the whole, and its beginning, which a cut log line would show. */
  addLong(name: string, text: string): void {
    this.add(name, text);
    this.add(`${name}, beginning`, text.slice(0, 24));
  }

  get count(): number {
    return this.#texts.size;
  }

  /** The names of the secrets that a text contains, in upper or lower case. */
  foundIn(text: string): string[] {
    const said = text.toLowerCase();
    return [...this.#texts].filter(([secret]) => said.includes(secret)).map(([, name]) => name);
  }
}
