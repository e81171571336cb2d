import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import { ServiceAccountError, type ServiceAccount } from './service-account.ts';

/** Reads the key file anew. @throws ServiceAccountError where it is not usable; `undefined` where there is none to read */
export type ReadServiceAccount = () => Promise<ServiceAccount | undefined>;

export interface AccountSourceParts {
  readonly account: ServiceAccount;
  /** Absent where the key file is never read again. */
  readonly read?: ReadServiceAccount | undefined;
  readonly telemetry: Telemetry;
}

/**
 * The service account that is used at this moment. A key file that was replaced is taken over when Google refuses the old key, and at
 * SIGHUP; one that is not usable meanwhile, half written for instance, changes nothing and is reported.
 */
export class AccountSource {
  readonly #telemetry: Telemetry;
  #account: ServiceAccount;
  #read: ReadServiceAccount | undefined;
  #lastProblem: string | undefined;

  constructor({ account, read, telemetry }: AccountSourceParts) {
    this.#account = account;
    this.#read = read;
    this.#telemetry = telemetry;
  }

  get current(): ServiceAccount {
    return this.#account;
  }

  /** Takes over an account, and where it is read from now on. @returns whether it is another one */
  adopt(account: ServiceAccount, read = this.#read): boolean {
    this.#read = read;
    this.#lastProblem = undefined;
    if (isSame(account, this.#account)) return false;
    this.#account = account;
    this.#telemetry.log('fcm.key_replaced');
    return true;
  }

  /** Reads the key file again. @returns whether it holds another account or key */
  async refresh(): Promise<boolean> {
    try {
      const account = await this.#read?.();
      return account !== undefined && this.adopt(account);
    } catch (error) {
      if (!(error instanceof ServiceAccountError)) throw error;
      // Google goes on refusing: the same problem is told once.
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
