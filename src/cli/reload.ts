import type { App } from '../app.ts';
import { CREDENTIALS } from '../config/credentials.ts';
import { ConfigError } from '../config/config.ts';
import { textIn } from '../config/variable.ts';
import { VARIABLES } from '../config/variables.ts';
import { describeError } from '../core/basics/describe-error.ts';
import type { Telemetry } from '../core/telemetry/telemetry.ts';
import type { Io } from './io.ts';
import { readStartup, type ReadStartup } from './read-startup.ts';

/** The variables that a reload puts into force. The others are read at the next start. */
const RELOADABLE = [
  'NOSTR_RELAYS',
  'MOSTRO_PUBKEYS',
  'TRUSTED_WHITELIST_ENABLED',
  'LOG_LEVEL',
  'RUST_LOG',
  ...CREDENTIALS,
  'FIREBASE_PROJECT_ID',
] as const;
const OF_FCM = new Set<string>([...CREDENTIALS, 'FIREBASE_PROJECT_ID']);

export interface ReloadOptions {
  readonly io: Io;
  /** The configuration at the start. */
  readonly startup: ReadStartup;
  readonly app: Pick<App, 'reload'>;
  readonly logger: { level: string };
  readonly logFile: { reopen(): void } | undefined;
  readonly telemetry: Telemetry;
}

/**
 * Reloads after a SIGHUP: opens `LOG_FILE` again, and reads `.env` and the files that it names again. The variables of
 * {@link RELOADABLE} in a correct configuration are put into force. A configuration with a problem changes nothing, and the log names
 * every problem.
 */
export class Reload {
  readonly #options: ReloadOptions;
  /** The texts of the variables that are in force. */
  #inForce: Readonly<Record<string, string | undefined>>;
  #underWay: Promise<void> | undefined;
  #isAskedAgain = false;

  constructor(options: ReloadOptions) {
    this.#options = options;
    this.#inForce = options.startup.variables;
  }

  /** Reloads. Requests during a reload lead to one more reload after it. Never throws. */
  request(): void {
    this.#options.logFile?.reopen();
    if (this.#underWay !== undefined) {
      this.#isAskedAgain = true;
      return;
    }
    this.#underWay = this.#reload().finally(() => {
      this.#underWay = undefined;
      if (!this.#isAskedAgain) return;
      this.#isAskedAgain = false;
      this.request();
    });
  }

  async #reload(): Promise<void> {
    const { io, telemetry } = this.#options;
    try {
      this.#apply(await readStartup(io, { createKey: false, use: 'serve' }));
    } catch (error) {
      const isExplained = error instanceof ConfigError;
      telemetry.log(
        'config.reload_refused',
        isExplained ? { message: error.problems.join('; ') } : { error: describeError(error) },
      );
    }
  }

  #apply(next: ReadStartup): void {
    const { app, logger, telemetry } = this.#options;
    const { level } = next.config.log;
    const changed = Object.entries(VARIABLES)
      .filter(
        ([name, variable]) =>
          (textIn(this.#inForce, name, variable) ?? '') !== (textIn(next.variables, name, variable) ?? ''),
      )
      .map(([name]) => name);
    const { http, mostro, relays: watched } = next.config;
    const { urls: relays } = watched;
    const instances = { pubkeys: mostro.pubkeys, trustedOnly: http.trustedInstancesOnly };
    const { serviceAccount: account, readServiceAccount: readAccount } = next;
    const takesAccount = app.reload({ relays, instances, account, readAccount });
    const applied = new Set<string>(RELOADABLE.filter((name) => takesAccount || !OF_FCM.has(name)));
    logger.level = level;
    const message =
      changed.filter((name) => applied.has(name)).join(', ') ||
      'no variable that takes effect at once has changed';
    telemetry.log('config.reloaded', { message });
    this.#sayWhatWaits(
      next,
      changed.filter((name) => !applied.has(name)),
    );
    const taken = [...applied].map((name) => [name, next.variables[name]] as const);
    this.#inForce = { ...this.#inForce, ...Object.fromEntries(taken) };
  }

  #sayWhatWaits(next: ReadStartup, names: readonly string[]): void {
    const { startup, telemetry } = this.#options;
    const keyName =
      next.config.key.privateKey === undefined ? 'SERVER_PRIVATE_KEY_FILE' : 'SERVER_PRIVATE_KEY';
    const hasOtherKey = next.serverKey?.publicKeyHex !== startup.serverKey?.publicKeyHex;
    const waiting = new Set([...names, ...(hasOtherKey ? [keyName] : [])]);
    if (waiting.size > 0) telemetry.log('config.restart_needed', { message: [...waiting].join(', ') });
  }
}
