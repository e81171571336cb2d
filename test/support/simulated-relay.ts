import type { IdPage, Page, PagePlan } from '../../src/relay/gaps/page-plan.ts';

export interface StoredEvent {
  readonly id: string;
  /** Unix seconds. */
  readonly created_at: number;
}

export interface RelayHabits {
  /** The most events that it sends for one page. The client is not told. */
  readonly cap?: number;
  /** If true, it chooses the newest events, as it must, but sends them oldest first. */
  readonly oldestFirst?: boolean;
  /** Chooses the events of a page if there are too many. Without it, the newest are chosen, as they must be. */
  readonly takes?: 'oldest' | 'any';
  /** Which ends of the filter are taken as exclusive. */
  readonly excludes?: readonly ('since' | 'until')[];
  /** Whether it leaves out this event of this page (counted from 0), for a relay that skips events. */
  readonly skips?: (id: string, page: number) => boolean;
  /** Ids of events that end the connection instead of arriving. */
  readonly poison?: ReadonlySet<string>;
  /** Members of the filter that it ignores. */
  readonly ignores?: readonly (keyof Page)[];
}

/** What a relay does when it is asked for a page. */
export interface Answer {
  readonly events: readonly StoredEvent[];
  readonly end: 'eose' | 'lost' | 'refused' | 'refused, too many';
  /** What the EOSE says of further events (NIP-67). */
  readonly hint?: 'finish' | 'more';
}

export type Answering = (page: Page) => Answer;

/** Events with distinct ids, this many for each second. */
export function storedEvents(counts: Readonly<Record<number, number>>): StoredEvent[] {
  return Object.entries(counts).flatMap(([second, count]) =>
    Array.from({ length: count }, (_, n) => ({ id: `${second}/${n}`, created_at: Number(second) })),
  );
}

/** A relay that has these events and answers as NIP-01 says, apart from its habits. */
export function simulatedRelay(events: readonly StoredEvent[], habits: RelayHabits = {}): Answering {
  const { cap = Infinity, ignores = [], oldestFirst = false, poison = new Set() } = habits;
  const { excludes = [], skips, takes } = habits;
  const [afterSince, beforeUntil] = [excludes.includes('since') ? 1 : 0, excludes.includes('until') ? 1 : 0];
  let asked = -1;
  const newestFirst = events.toSorted((a, b) => b.created_at - a.created_at || (a.id < b.id ? -1 : 1));
  return (page) => {
    asked++;
    const since = ignores.includes('since') ? -Infinity : page.since + afterSince;
    const until = ignores.includes('until') ? Infinity : (page.until ?? Infinity) - beforeUntil;
    const limit = ignores.includes('limit') ? Infinity : page.limit;
    const matching = newestFirst.filter(
      ({ id, created_at }) => created_at >= since && created_at <= until && skips?.(id, asked) !== true,
    );
    if (takes === 'oldest') matching.reverse();
    if (takes === 'any') matching.sort((a, b) => shuffled(a, asked) - shuffled(b, asked));
    const given = matching.slice(0, Math.min(limit, cap));
    if (oldestFirst) given.reverse();
    const deadly = given.findIndex(({ id }) => poison.has(id));
    return deadly === -1 ? { events: given, end: 'eose' } : { events: given.slice(0, deadly), end: 'lost' };
  };
}

/** A pseudo-random number that depends on an event and a page. */
function shuffled({ id }: StoredEvent, page: number): number {
  let hash = page * 7919 + 17;
  for (let at = 0; at < id.length; at++) hash = Math.imul(hash ^ id.charCodeAt(at), 16_777_619) >>> 0;
  return Math.imul(hash ^ (hash >>> 15), 2_246_822_519) >>> 0;
}

/** The result of a recovery. */
export interface Recovered {
  readonly ids: ReadonlySet<string>;
  readonly pages: readonly Page[];
  readonly losses: number;
}

/** More pages than the bound of any recovery under test. A recovery that asks for more does not end. */
const ENDLESS = 10_000;

/** Runs a recovery until it is over. @param now unix seconds */
export function recover(gap: PagePlan, answer: Answering, now: number): Recovered {
  const ids = new Set<string>();
  const pages: Page[] = [];
  let losses = 0;
  const next = (): Page | undefined => asPage(gap.next());
  for (let page = next(); page !== undefined; page = next()) {
    if (pages.push(page) > ENDLESS) throw new Error('the recovery does not end');
    const { events, end, hint } = answer(page);
    const isCutOff = events.some(({ id, created_at }) => {
      ids.add(id);
      return !gap.received(created_at, id);
    });
    if (isCutOff) gap.refused(true);
    else if (end === 'eose') gap.ended(hint);
    else if (end === 'lost') losses += lose(gap, now);
    else gap.refused(end === 'refused, too many');
  }
  return { ids, pages, losses };
}

function asPage(page: Page | IdPage | undefined): Page | undefined {
  if (page !== undefined && 'ids' in page) throw new TypeError('no page of a gap asks for ids');
  return page;
}

function lose(gap: PagePlan, now: number): number {
  gap.lost(now);
  return 1;
}
