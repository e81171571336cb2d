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
  has: new Set(['directory', 'maxLimit', 'auth', 'restrictGiftWraps']),
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

/** Whether a relay is installed. */
export function isInstalled(make: RelayMake): boolean {
  return make.command() !== undefined;
}
