import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import process from 'node:process';

export interface RelaySettings {
  /** Any by default. */
  readonly port?: number;
  /** Where it keeps its events. Absent: in memory. */
  readonly directory?: string;
  /** The most stored events that it gives for a filter. */
  readonly maxLimit?: number;
  /** How many subscriptions it allows for each connection. */
  readonly maxSubscriptions?: number;
  /** If true, its NIP-11 document says how many subscriptions it allows. */
  readonly stateSubscriptions?: boolean;
  /** If true, it serves nobody before authentication (NIP-42). */
  readonly auth?: boolean;
  /** If true, it compares stored events (NIP-77), and says so. */
  readonly negentropy?: boolean;
  /** If true, a gift wrap is only served to a client that has authenticated as the key in its `p` tag. */
  readonly restrictGiftWraps?: boolean;
}

/** A relay program by other authors. */
export interface RelayMake {
  /** Its name and version. */
  readonly name: string;
  /** What installs it. */
  readonly installedBy: string;
  /** The settings that it has, beside the port. */
  readonly has: ReadonlySet<keyof RelaySettings>;
  /** What starts it; `undefined` if it is not installed. */
  readonly command: () => readonly string[] | undefined;
  readonly environment: () => NodeJS.ProcessEnv;
}

const SOURCES = resolve('test/support/foreign-relays');
const FOLDER = resolve('.relays');

function ifInstalled(path: string, command: readonly string[]): readonly string[] | undefined {
  return existsSync(path) ? command : undefined;
}

function inherited(): NodeJS.ProcessEnv {
  // eslint-disable-next-line node/no-process-env -- the program is found by PATH, and its interpreter by more of it.
  return process.env;
}

export const KHATRU: RelayMake = {
  name: 'khatru 0.19.1',
  installedBy: '.ci/install-relay',
  has: new Set(['directory', 'maxLimit', 'auth', 'negentropy', 'restrictGiftWraps']),
  command: () => ifInstalled(`${FOLDER}/bin/foreign-relay`, [`${FOLDER}/bin/foreign-relay`]),
  environment: inherited,
};

export const RUST_NOSTR: RelayMake = {
  name: 'rust-nostr 0.45.1',
  installedBy: '.ci/install-package-relays',
  has: new Set(['directory', 'maxLimit', 'maxSubscriptions', 'auth']),
  command: () => ifInstalled(`${FOLDER}/rust-nostr`, ['python3', `${SOURCES}/rust-nostr/relay.py`]),
  environment: () => ({ ...inherited(), PYTHONPATH: `${FOLDER}/rust-nostr` }),
};

export const NOSTR_RELAY: RelayMake = {
  name: '@nostr-relay/core 0.0.40',
  installedBy: '.ci/install-package-relays',
  has: new Set(['directory', 'maxLimit', 'maxSubscriptions', 'stateSubscriptions', 'auth']),
  command: () =>
    ifInstalled(`${FOLDER}/nostr-relay`, [
      process.execPath,
      `${SOURCES}/nostr-relay/relay.mjs`,
      `${FOLDER}/nostr-relay`,
    ]),
  environment: inherited,
};

export const NOSTR_RS_RELAY: RelayMake = {
  name: 'nostr-rs-relay 0.8.12',
  installedBy: '.ci/build-nostr-rs-relay',
  has: new Set(['directory']),
  command: () =>
    ifInstalled(`${FOLDER}/nostr-rs-relay`, [
      process.execPath,
      `${SOURCES}/nostr-rs-relay/relay.mjs`,
      `${FOLDER}/nostr-rs-relay/nostr-rs-relay`,
    ]),
  environment: inherited,
};

/**
 * Any other relay: the environment variable `RELAY_COMMAND` starts it. It takes the settings as options, as those in
 * `foreign-relays/` do, prints its URL, and ends with its standard input. `RELAY_SETTINGS` names the settings that it has.
 */
export function relayByCommand(): RelayMake {
  const { RELAY_COMMAND, RELAY_NAME, RELAY_SETTINGS = '' } = inherited();
  return {
    name: RELAY_NAME ?? RELAY_COMMAND ?? 'the relay of RELAY_COMMAND',
    installedBy: 'RELAY_COMMAND',
    has: new Set(RELAY_SETTINGS.split(',')) as ReadonlySet<keyof RelaySettings>,
    command: () => RELAY_COMMAND?.split(' '),
    environment: inherited,
  };
}

/** Whether a relay is installed. */
export function isInstalled(make: RelayMake): boolean {
  return make.command() !== undefined;
}
