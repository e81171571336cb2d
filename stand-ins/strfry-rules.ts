import type { Filter } from './relay-filter.ts';

/** What strfry's configuration sets. */
export interface StrfryConfig {
  /** `relay.maxSubsPerConnection`: 200, and 20 until 1.0. */
  maxSubscriptions?: number;
  /** `relay.maxFilterLimit`. */
  maxLimit?: number;
  /** `relay.auth.restrictedReadKinds`: for those alone who wrote an event or are named by it. None until 1.1; `[4, 1059]` on its main branch. */
  restrictedKinds?: readonly number[];
  /** `relay.auth.serviceUrl`. Without it every authentication is refused. */
  serviceUrl?: string;
  /** `relay.autoPingSeconds`, in milliseconds. */
  pingIntervalMs?: number;
  /** `relay.maxPendingOutboundBytes`. A reader that is further behind is cut off. */
  maxPendingBytes?: number;
  /** Whether a proxy before it hides its NIP-11 document. */
  hidesInformation?: boolean;
  /** Until 1.0 a bad REQ is answered by NOTICE, and since 1.1 by CLOSED. */
  noticesBadRequests?: boolean;
}

export const STRFRY_DEFAULTS = {
  maxSubscriptions: 200,
  maxLimit: 500,
  restrictedKinds: [],
  serviceUrl: '',
  pingIntervalMs: 55_000,
  maxPendingBytes: 33_554_432,
  hidesInformation: false,
  noticesBadRequests: false,
} as const satisfies Required<StrfryConfig>;

export const MAX_FRAME_BYTES = 131_072;
const MAX_FILTERS = 200;
const MAX_TAG_CONDITIONS = 3;
const LISTS = new Set(['ids', 'authors', 'kinds']);
const NUMBERS = new Set(['since', 'until', 'limit']);

/** The NIP-11 document. */
export function strfryInformation({ maxLimit, maxSubscriptions }: Required<StrfryConfig>): object {
  return {
    software: 'git+https://github.com/hoytech/strfry.git',
    supported_nips: [1, 2, 4, 9, 11, 28, 40, 45, 59, 70],
    limitation: {
      max_message_length: MAX_FRAME_BYTES,
      max_subscriptions: maxSubscriptions,
      max_limit: maxLimit,
    },
  };
}

/** Why strfry takes no subscription by this name. */
export function badSubscription(id: unknown): string | undefined {
  if (typeof id !== 'string') return 'subscription id was not a string';
  if (id.length < 1 || id.length > 64) return 'invalid subscription id length';
  return /^[ !#-[\]-~]*$/.test(id) ? undefined : 'invalid character in subscription id';
}

/** Why strfry takes no REQ with these filters. */
export function badFilters(filters: readonly unknown[]): string | undefined {
  if (filters.length === 0) return 'arr too small';
  if (filters.length > MAX_FILTERS) return 'arr too big';
  for (const filter of filters) {
    const problem = badFilter(filter);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function badFilter(filter: unknown): string | undefined {
  if (typeof filter !== 'object' || filter === null || Array.isArray(filter))
    return 'provided filter is not an object';
  const entries = Object.entries(filter as Filter);
  for (const [name, value] of entries) {
    if (NUMBERS.has(name)) {
      if (!Number.isInteger(value) || Number(value) < 0) return `error parsing ${name}`;
    } else if (!LISTS.has(name) && !/^#.$/u.test(name)) return `unrecognised filter item: ${name}`;
    else if (!Array.isArray(value)) return `${name} not an array`;
  }
  const tags = entries.filter(([name]) => name.startsWith('#'));
  return tags.length > MAX_TAG_CONDITIONS ? 'too many tags in filter' : undefined;
}
