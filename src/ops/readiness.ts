import { ALARMS, type AlarmName } from '../core/watch/alarms.ts';

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

const NO_RELAY = 'no relay is subscribed and past EOSE';
const NO_PROVIDER = 'no enabled push provider can deliver';
const NO_ENGINE = 'registration store unreachable: ';
const NO_STORE = 'registration store unavailable';
const NO_LIBRARY = 'no library verifies signatures';
const LOADING = 'the clients of the push services are being loaded';

/** What to do about a reason that no alarm explains. */
const REMEDIES: Readonly<Record<string, string>> = {
  [NO_RELAY]:
    'see below which relays are not live, and check the network and DNS of this machine; mostro-push doctor tries each relay and says what is wrong',
  [NO_PROVIDER]:
    'enable a push service: FCM_ENABLED=true with a key file at FIREBASE_SERVICE_ACCOUNT_PATH, or UNIFIEDPUSH_ENABLED=true',
  [NO_LIBRARY]: 'nothing: the process ends by itself, and the supervisor starts it again',
  [LOADING]: 'wait a moment: the server has just started',
};

/** Whether an alarm that stands says the same, with its remedy. */
export function isSaidBy(reason: string, alarms: readonly AlarmName[]): boolean {
  return alarms.some(
    (alarm) => alarm === reason || (alarm === 'store unreachable' && reason.startsWith(NO_ENGINE)),
  );
}

/** What to do about a reason, beside an alarm that may explain it. */
export function remedyOf(reason: string, alarms: readonly AlarmName[]): string {
  if (reason === NO_PROVIDER && alarms.some((alarm) => ALARMS[alarm].level === 'error'))
    return 'see the alarms below: they say what keeps the push service from delivering';
  return REMEDIES[reason] ?? '';
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
    reasons.push(NO_RELAY);
  }
  const blockers = sources.blockers();
  if (!sources.canDeliver() || blockers.length > 0) reasons.push(NO_PROVIDER, ...blockers);
  const engineProblem = sources.engineProblem();
  if (engineProblem !== undefined) reasons.push(`${NO_ENGINE}${engineProblem}`);
  else if (sources.storeUnavailable()) reasons.push(NO_STORE);
  if (sources.cannotVerify()) reasons.push(NO_LIBRARY);
  // Takes only a moment after the start, so it is reported only if nothing else is wrong.
  if (reasons.length === 0 && !sources.isLoaded()) reasons.push(LOADING);
  return { ready: reasons.length === 0, reasons };
}
