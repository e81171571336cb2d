export interface ReadinessSources {
  /** For each relay, the kinds with a live subscription, and those of them that the relay has left unanswered. */
  readonly relays: () => readonly {
    readonly liveKinds: readonly number[];
    readonly unanswered: readonly number[];
  }[];
  /** Whether any enabled provider has what it needs to deliver. */
  readonly canDeliver: () => boolean;
  /** Whether the code of the push services' clients is loaded. */
  readonly isLoaded: () => boolean;
  /** The alarms that keep every provider from delivering. */
  readonly blockers: () => readonly string[];
  /** Whether the registration store refuses writes. */
  readonly storeUnavailable: () => boolean;
  /** Why the engine of `STORE=redis` cannot be used; `undefined` if it can, and without one. */
  readonly engineProblem: () => string | undefined;
  /** Whether no library can verify signatures any more. The process then ends soon. */
  readonly cannotVerify: () => boolean;
}

export interface Readiness {
  readonly ready: boolean;
  /** Why the server is not ready; empty if it is. */
  readonly reasons: readonly string[];
}

/** Whether the server can wake devices at this moment, and if not, why (contract 8). */
export function readiness(sources: ReadinessSources): Readiness {
  const reasons: string[] = [];
  if (!sources.relays().some(({ liveKinds, unanswered }) => liveKinds.length > unanswered.length)) {
    reasons.push('no relay is subscribed and past EOSE');
  }
  const blockers = sources.blockers();
  if (!sources.canDeliver() || blockers.length > 0)
    reasons.push('no enabled push provider can deliver', ...blockers);
  const engineProblem = sources.engineProblem();
  if (engineProblem !== undefined) reasons.push(`registration store unreachable: ${engineProblem}`);
  else if (sources.storeUnavailable()) reasons.push('registration store unavailable');
  if (sources.cannotVerify()) reasons.push('no library verifies signatures');
  // Takes only a moment after the start, so it is reported only if nothing else is wrong.
  if (reasons.length === 0 && !sources.isLoaded())
    reasons.push('the clients of the push services are being loaded');
  return { ready: reasons.length === 0, reasons };
}
