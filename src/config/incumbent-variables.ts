import { EXAMPLE_PATH } from './credentials.ts';

/** Variables of the Rust server that mean nothing here, each with the reason and what to do. */
const WITHOUT_MEANING: Readonly<Record<string, string>> = {
  MOSTRO_PUBKEY: 'is not read: put the public keys of all your instances into MOSTRO_PUBKEYS',
  NOTIFY_RATE_LIMIT_CLEANUP_INTERVAL_SECS:
    'is not read: the limits take the same memory for any number of clients, and need no cleaning',
  NOTIFY_PUBKEY_LIMITER_SOFT_CAP: 'is not read: the limits take the same memory for any number of keys',
  TOKEN_STORE_PATH:
    'is not read by the server. Keep registrations with STORE=file, and take those of the old database over once with: mostro-push store import --from <tokens.db>',
  TOKEN_STORE_KEY: 'is not read by the server: only store import uses it, to open the old database',
};

/** Variables of the Rust server that are read here with another meaning. They alone do not tell that its configuration is in use. */
const WITH_ANOTHER_MEANING: Readonly<Record<string, string>> = {
  MAX_TOKENS:
    'is read as MAX_REGISTRATIONS. A new key at the limit displaces an old one that was never woken; the Rust server refuses the new one',
  RATE_LIMIT_PER_MINUTE:
    'limits register and unregister. The Rust server does not read it, and allows 120 a minute',
  BATCH_DELAY_MS: 'groups the wakes of a device. The Rust server does not read it',
  COOLDOWN_MS: 'groups the wakes of a device. The Rust server does not read it',
  TOKEN_TTL_HOURS:
    'begins again with each delivered wake, for TOKEN_MAX_AGE_DAYS at most. The Rust server counts from the registration alone',
};

/** Variables that only the Rust server's configuration has. */
const MARKS: readonly string[] = [...Object.keys(WITHOUT_MEANING), 'MAX_TOKENS'];

type Environment = Readonly<Record<string, string | undefined>>;

/** Whether the variable is one of the Rust server's that mean nothing here. */
export function isIncumbents(name: string): boolean {
  return Object.hasOwn(WITHOUT_MEANING, name);
}

/** A sentence for each variable of the Rust server that is ignored here, and, if its configuration is in use, for each that means something else. */
export function incumbentNotes(environment: Environment): string[] {
  const isSet = (name: string): boolean => (environment[name]?.trim() ?? '') !== '';
  const differing = MARKS.some(isSet) ? WITH_ANOTHER_MEANING : {};
  const notes = Object.entries({ ...WITHOUT_MEANING, ...differing })
    .filter(([name]) => isSet(name))
    .map(([name, note]) => `${name} ${note}`);
  const isExample = environment['FIREBASE_SERVICE_ACCOUNT_PATH']?.trim() === EXAMPLE_PATH;
  return isExample
    ? [...notes, `FIREBASE_SERVICE_ACCOUNT_PATH is ${EXAMPLE_PATH}, which is an example: it counts as unset`]
    : notes;
}
