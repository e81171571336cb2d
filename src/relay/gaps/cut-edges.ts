import { GapRange } from './gap-range.ts';
import { MIN_LIMIT } from './recovery-effort.ts';

type End = 'since' | 'until';

/**
 * The edges of the parts of a gap that was cut because of an event that ends connections: the first and the last second of each part. Some
 * relays exclude the second `since` of a filter, or `until`, or both. So the edges are asked for once more, with filters that reach beyond
 * them, unless the relay has shown that it includes that end.
 */
export class CutEdges {
  readonly #edges: Readonly<Record<End, Set<number>>> = { since: new Set(), until: new Set() };
  /** Which ends of a filter the relay includes, as far as an event of just that second has shown it. */
  readonly #includes: Record<End, boolean> = { since: false, until: false };
  /** The seconds with an event that ends connections. */
  readonly #skipped = new Set<number>();

  /** Whether the relay includes the second `until` of a filter, as far as an event has shown it. */
  get includesUntil(): boolean {
    return this.#includes.until;
  }

  /** A range was cut into these parts. */
  note(parts: readonly GapRange[], whole: GapRange): void {
    for (const { since, until } of parts) {
      if (since > whole.since) this.#edges.since.add(since);
      // That of the whole is an edge too: it may have moved back to a second that a page has cut in two.
      this.#edges.until.add(until);
    }
  }

  /** This second is left out. */
  skip(second: number): void {
    this.#skipped.add(second);
  }

  /** An event of a page has come. */
  received(createdAt: number, page: Readonly<Partial<Record<End, number>>> | undefined): void {
    this.#includes.since ||= createdAt === page?.since;
    this.#includes.until ||= createdAt === page?.until;
  }

  /**
   * The page of an edge is over.
   *
   * @param events how many events it has
   * @returns what to ask for besides, because the page may have been cut off before the edge
   */
  ended(range: GapRange, events: number): GapRange[] {
    return events < Math.min(MIN_LIMIT, range.asked) ? [] : narrower(range);
  }

  /** The next edge to ask for, or the two edges at which two parts meet. */
  next(): GapRange | undefined {
    for (const end of ['since', 'until'] as const)
      for (const second of this.#edges[end]) {
        this.#edges[end].delete(second);
        if (this.#includes[end]) continue;
        return end === 'since' && this.#mayJoin(second) ? twoEdges(second) : edgeOf(end, second);
      }
    return undefined;
  }

  /** Whether the last second of the part before is an edge too, and no event that ends connections is near. */
  #mayJoin(second: number): boolean {
    const seconds = [second - 2, second - 1, second, second + 1];
    if (seconds.some((one) => this.#skipped.has(one))) return false;
    return this.#edges.until.delete(second - 1);
  }

  /**
   * The connection has ended at an edge. If an event that ends connections is just beyond that end of the range, the relay includes the
   * end, so the edge has come before.
   *
   * @returns what to ask for instead
   */
  lost(range: GapRange): GapRange[] {
    const [isBefore, isAfter] = [this.#skipped.has(range.since - 1), this.#skipped.has(range.since + 1)];
    const hasCome = range.edge?.end === 'since' ? isBefore && !isAfter : isAfter && !isBefore;
    return range.edge?.end !== undefined && hasCome ? [] : narrower(range);
  }
}

/** Two edges one by one, or an edge with a filter that reaches beyond that end only. */
function narrower({ edge, since, until }: GapRange): GapRange[] {
  if (edge?.end === undefined) return [edgeOf('until', since), edgeOf('since', until)];
  return edge.before + edge.after < 2
    ? []
    : [edgeOf(edge.end, since, edge.end === 'since' ? [1, 0] : [0, 1])];
}

/** The filter reaches to the second on either side. A relay gives the edge then, whichever ends of a filter it excludes. */
function edgeOf(end: End, second: number, [before, after] = [1, 1]): GapRange {
  return new GapRange(second, second, 0, { end, before, after });
}

/** The last second of a part and the first one of the next part. */
function twoEdges(second: number): GapRange {
  return new GapRange(second - 1, second, 0, { before: 1, after: 1 });
}
