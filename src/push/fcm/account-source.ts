import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import { ServiceAccountError, type ServiceAccount } from './service-account.ts';

/** Reads the key file again. @returns `undefined` if there is no file to read @throws ServiceAccountError if the file is not usable */
export type ReadServiceAccount = () => Promise<ServiceAccount | undefined>;

export interface AccountSourceOptions {
  readonly account: ServiceAccount;
  /** Absent if the key file is never read again. */
  readonly read?: ReadServiceAccount | undefined;
  readonly telemetry: Telemetry;
}

/**
 * The service account in use. It changes when the key file was replaced: at SIGHUP, or when Google refuses the old key. A file that is
 * not usable, such as one that is half written, is reported and changes nothing.
 */
export class AccountSource {
  readonly #telemetry: Telemetry;
  #account: ServiceAccount;
  #read: ReadServiceAccount | undefined;
  #lastProblem: string | undefined;

  constructor({ account, read, telemetry }: AccountSourceOptions) {
    this.#account = account;
    this.#read = read;
    this.#telemetry = telemetry;
  }

  get current(): ServiceAccount {
    return this.#account;
  }

  /** Changes to an account. @param read reads its key file from now on @returns whether the account differs from the one before */
  adopt(account: ServiceAccount, read = this.#read): boolean {
    this.#read = read;
    this.#lastProblem = undefined;
    if (isSame(account, this.#account)) return false;
    this.#account = account;
    this.#telemetry.log('fcm.key_replaced');
    return true;
  }

  /** Reads the key file again. @returns whether the file holds another account or key */
  async refresh(): Promise<boolean> {
    try {
      const account = await this.#read?.();
      return account !== undefined && this.adopt(account);
    } catch (error) {
      if (!(error instanceof ServiceAccountError)) throw error;
      // Google may refuse many times: the same problem is logged once.
      if (error.message !== this.#lastProblem)
        this.#telemetry.log('fcm.key_file_unusable', { message: error.message });
      this.#lastProblem = error.message;
      return false;
    }
  }
}

function isSame(one: ServiceAccount, other: ServiceAccount): boolean {
  return (
    one.projectId === other.projectId &&
    one.clientEmail === other.clientEmail &&
    one.tokenUri === other.tokenUri &&
    one.privateKeyId === other.privateKeyId &&
    one.privateKey.reveal().equals(other.privateKey.reveal())
  );
}
