/** A queue, first in, first out. Adding and taking cost the same however long it is. */
export class Fifo<Item> {
  #items: Item[] = [];
  /** Index in `#items` of the first item: the items before it have been taken. */
  #head = 0;

  get size(): number {
    return this.#items.length - this.#head;
  }

  push(item: Item): void {
    this.#items.push(item);
  }

  /** The item that {@link shift} takes next. */
  get first(): Item | undefined {
    return this.#items[this.#head];
  }

  shift(): Item | undefined {
    if (this.size === 0) return undefined;
    const item = this.#items[this.#head++];
    if (this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}
