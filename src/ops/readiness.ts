export interface ReadinessSources {
  /** The kinds listened to, for each relay. */
  readonly relays: () => readonly { readonly liveKinds: readonly number[] }[];
  /** Whether any provider that is switched on has what it needs to deliver. */
  readonly canDeliver: () => boolean;
  /** Whether the code of the push services' clients is loaded. */
  readonly isLoaded: () => boolean;
  /** The alarms by which no provider delivers, though one has what it needs. */
  readonly blockers: () => readonly string[];
  /** Whether the registration store takes no writes. */
  readonly storeUnavailable: () => boolean;
  /** Whether no library verifies signatures any more: the process is about to end. */
  readonly cannotVerify: () => boolean;
}

export interface Readiness {
  readonly ready: boolean;
  /** Why it is not; empty if it is. */
  readonly reasons: readonly string[];
}

/** Whether the server does its work at this moment, and if not, why (contract 8). */
export function readiness(sources: ReadinessSources): Readiness {
  const reasons: string[] = [];
  if (!sources.relays().some(({ liveKinds }) => liveKinds.length > 0)) {
    reasons.push('no relay is subscribed and past EOSE');
  }
  const blockers = sources.blockers();
  if (!sources.canDeliver() || blockers.length > 0)
    reasons.push('no enabled push provider can deliver', ...blockers);
  if (sources.storeUnavailable()) reasons.push('registration store unavailable');
  if (sources.cannotVerify()) reasons.push('no library verifies signatures');
  // Only a matter of a moment, so it is said where nothing else is wrong.
  if (reasons.length === 0 && !sources.isLoaded())
    reasons.push('the clients of the push services are being loaded');
  return { ready: reasons.length === 0, reasons };
}
