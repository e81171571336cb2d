import type { Config } from '../config/config.ts';
import type { Clock } from '../core/basics/clock.ts';
import type { CurveSource } from '../crypto/curve.ts';
import type { ServerKey } from '../crypto/server-key.ts';
import type { ProxyTimeouts } from '../net/way-out.ts';
import type { LossyLog } from '../ops/log-losses.ts';
import type { Metrics } from '../ops/metrics.ts';
import type { OpsTelemetry } from '../ops/telemetry.ts';
import type { ReadServiceAccount } from '../push/fcm/account-source.ts';
import type { ServiceAccount } from '../push/fcm/service-account.ts';
import type { RelayTiming } from '../relay/connection/relay-timing.ts';
import type { LaneSizes } from './lane-sizes.ts';

/** The checked configuration, keys, outputs and libraries that the program is put together from. */
export interface CompositionOptions {
  readonly version: string;
  readonly config: Config;
  readonly serverKey: ServerKey;
  /** `SERVER_PRIVATE_KEY_PREVIOUS`. */
  readonly previousKey: ServerKey | undefined;
  readonly serviceAccount: ServiceAccount | undefined;
  /** Reads the service account's key file again. */
  readonly readServiceAccount: ReadServiceAccount | undefined;
  readonly telemetry: OpsTelemetry;
  readonly metrics: Metrics;
  /** The libraries for secp256k1, the fastest first. */
  readonly curves: readonly CurveSource[];
  /** `LOG_FILE`. */
  readonly logFile: LossyLog | undefined;
  /** Standard output and standard error; absent where no loss of their lines is reported. */
  readonly logOutput: LossyLog | undefined;
  readonly logErrorOutput: LossyLog | undefined;
}

/** Replacements that a test puts in place of the program's own parts. */
export interface CompositionOverrides {
  /** Every clock of the program. */
  readonly clock?: Clock | undefined;
  readonly relayTiming?: RelayTiming | undefined;
  /** How long an HTTP request may take, in milliseconds. */
  readonly requestTimeoutMs?: number | undefined;
  /** How often alarms are looked for, in milliseconds. */
  readonly alarmTickMs?: number | undefined;
  /** Sizes of lanes: small lanes are full with few wakes. */
  readonly laneSizes?: Partial<LaneSizes> | undefined;
  /** The name servers that are asked for push servers and discovered relays. */
  readonly dnsServers?: readonly string[] | undefined;
  /** How long an outgoing proxy may take. */
  readonly proxyTimeouts?: ProxyTimeouts | undefined;
}
