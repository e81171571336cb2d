import type { Secret } from '../../core/basics/secret.ts';

/** Where the engine is, and who this server is there. */
export interface EngineAddress {
  readonly host: string;
  readonly port: number;
  /** Whether the connection is by TLS. The certificate must be right; further authorities come from `NODE_EXTRA_CA_CERTS`. */
  readonly tls: boolean;
  /** Absent: the engine's user `default`. */
  readonly user: string | undefined;
  readonly password: Secret<string> | undefined;
  readonly database: number;
}
