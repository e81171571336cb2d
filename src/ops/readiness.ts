export interface ReadinessSources {
  /** The kinds listened to, for each relay. */
  readonly relays: () => readonly { readonly liveKinds: readonly number[] }[];
  /** Whether any provider that is switched on has what it needs to deliver. */
  readonly canDeliver: () => boolean;
}

/** Whether the server does its work at this moment, and if not, why (contract 8). */
export function readiness(sources: ReadinessSources): { ready: boolean; reasons: string[] } {
  const reasons: string[] = [];
  if (!sources.relays().some(({ liveKinds }) => liveKinds.length > 0)) {
    reasons.push('no relay is subscribed and past EOSE');
  }
  if (!sources.canDeliver()) reasons.push('no enabled push provider can deliver');
  return { ready: reasons.length === 0, reasons };
}
