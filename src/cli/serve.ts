import { setTimeout as delay } from 'node:timers/promises';

import { App, type Addresses } from '../app.ts';
import type { CompositionOptions } from '../compose/options.ts';
import { SECOND_MS } from '../core/basics/clock.ts';
import { describeError } from '../core/basics/describe-error.ts';
import { curveSources } from '../crypto/curve-sources.ts';
import type { CurveSource } from '../crypto/curve.ts';
import { removeServerKeyFile } from '../crypto/server-key-file.ts';
import { LogFile } from '../ops/log-file.ts';
import { createLogger } from '../ops/logger.ts';
import { Metrics } from '../ops/metrics.ts';
import type { Readiness } from '../ops/readiness.ts';
import { createTelemetry } from '../ops/telemetry.ts';
import { explainFailure, REFUSED } from './explain-failure.ts';
import type { Io } from './io.ts';
import type { Lifetime } from './lifetime.ts';
import { Reload, type ReloadOptions } from './reload.ts';
import { readStartup, type ReadStartup } from './read-startup.ts';
import { ServiceManager } from './service-manager.ts';
import { startScreen } from './start-screen.ts';

/** Time for the last writes to the disk, after `SHUTDOWN_TIMEOUT_SECONDS`. When it is over, the process ends without them. */
const STOP_GRACE_MS = 3 * SECOND_MS;

/** Time for the last lines of the log, after the stop. */
const LAST_LINES_MS = 2 * SECOND_MS;

/** How long a stop during the start waits for the files of the configuration to be read. */
const READ_GRACE_MS = SECOND_MS / 2;

type Logging = Pick<CompositionOptions, 'telemetry' | 'metrics' | 'logFile' | 'logOutput' | 'logErrorOutput'>;

/**
 * Serves until told to stop.
 *
 * @returns the exit code: 0, or 1 after a fault or with wakes lost
 * @throws ConfigError for a configuration that is not usable, and a fault that came before there was a log
 */
export async function serve(io: Io, lifetime: Lifetime): Promise<number> {
  const reading = readStartup(io, { createKey: true, use: 'serve' });
  const startup = await unlessEnded(lifetime, reading);
  if (startup === undefined) return giveUp(io, reading);
  const { level, file, format = io.isTerminal ? 'pretty' : 'json' } = startup.config.log;
  using logFile = file === undefined ? undefined : new LogFile(file);
  const metrics = new Metrics();
  const logger = await createLogger({ level, format, output: io.output, file: logFile });
  const telemetry = createTelemetry(logger, metrics);
  io.onWarning((warning) => telemetry.log('process.warning', { error: describeError(warning) }));
  const logging = { telemetry, metrics, logFile, logOutput: io.output, logErrorOutput: io.errorOutput };
  const curves = await curveSources();
  return await run(io, { startup, logging, logger, logFile, curves }, lifetime);
}

/** Waits for the result. @returns `undefined` if a stop is asked for first. Rejects if a fault comes first */
function unlessEnded<Result>(
  { ended }: { readonly ended: Promise<void> },
  result: Promise<Result>,
): Promise<Result | undefined> {
  return Promise.race([ended.then(() => undefined), result]);
}

/** Ends a start that is still reading its configuration. A file can be a FIFO to which no program writes, and its reading cannot be cancelled. */
async function giveUp(io: Io, reading: Promise<unknown>): Promise<number> {
  let isRead = false;
  const read = reading.then(
    () => (isRead = true),
    () => (isRead = true),
  );
  await Promise.race([read, delay(READ_GRACE_MS)]);
  if (!isRead) io.abandon();
  return 0;
}

/** The parts that a start makes before the app. */
interface Prepared {
  readonly startup: ReadStartup;
  readonly logging: Logging;
  readonly logger: ReloadOptions['logger'];
  readonly logFile: LogFile | undefined;
  readonly curves: readonly CurveSource[];
}

async function run(io: Io, prepared: Prepared, lifetime: Lifetime): Promise<number> {
  const { telemetry } = prepared.logging;
  const { config } = prepared.startup;
  const app = createApp(io, prepared);
  const { logFile, logger, startup } = prepared;
  const reload = new Reload({ io, startup, app, logger, logFile, telemetry });
  using manager = await ServiceManager.find(io, () => statusOf(app.readiness()));
  // If a SIGHUP came earlier, this reloads at once.
  lifetime.onReload(() => reload.request());
  let exitCode = 0;
  let isStarted = false;
  try {
    const ended = Promise.race([lifetime.ended, app.fault]);
    // The start races the signals and the faults from its first moment, because a start with a fault may never end.
    const addresses = await unlessEnded({ ended }, app.start());
    if (addresses !== undefined) {
      announce(io, prepared, app.curve, addresses);
      manager.ready();
      isStarted = true;
    }
    await ended;
  } catch (error) {
    exitCode = reportFailure(io, prepared, error);
  }
  telemetry.log('server.stopping');
  const stopMs = config.shutdownTimeoutMs + STOP_GRACE_MS;
  manager.stopping(stopMs + LAST_LINES_MS);
  const lost = await stopWithin(app, stopMs).catch((error: unknown) => {
    telemetry.log('server.failed', { error: describeError(error) });
    return undefined;
  });
  telemetry.log('server.stopped', { count: lost ?? 0 });
  if (exitCode === REFUSED && !isStarted) await discardKey(startup);
  return lost === 0 ? exitCode : Math.max(exitCode, 1);
}

/** A start that is refused leaves no key behind that it has made itself. */
async function discardKey({ config, keyCreated, serverKey }: ReadStartup): Promise<void> {
  if (keyCreated && serverKey !== undefined)
    await removeServerKeyFile(config.key.file, serverKey).catch(() => undefined);
}

/** One line for `systemctl status`. */
function statusOf({ ready, reasons }: Readiness): string {
  return ready ? 'ready' : `serving, but not ready: ${reasons.join(', ')}`;
}

function createApp({ version }: Io, { curves, logging, startup }: Prepared): App {
  const { config, previousKey, readServiceAccount, serverKey, serviceAccount } = startup;
  if (serverKey === undefined) throw new TypeError('a start without a server key');
  return new App({
    version,
    config,
    serverKey,
    previousKey,
    serviceAccount,
    readServiceAccount,
    telemetry: logging.telemetry,
    metrics: logging.metrics,
    curves,
    logFile: logging.logFile,
    logOutput: logging.logOutput,
    logErrorOutput: logging.logErrorOutput,
  });
}

/** Prints the start screen, and says in the log that the server has started. */
function announce(
  { printError, version }: Io,
  { logging, startup }: Prepared,
  curve: App['curve'],
  addresses: Addresses,
): void {
  const { config, keyCreated, serverKey, serviceAccount, warnings } = startup;
  if (serverKey === undefined) return;
  const fcmReady = serviceAccount !== undefined;
  printError(
    startScreen({ version, config, curve, key: serverKey, keyCreated, fcmReady, addresses, warnings }),
  );
  logging.telemetry.log('server.started', { version, address: addresses.apiAddress });
  for (const warning of warnings) logging.telemetry.log('config.warning', { message: warning });
}

/** Says what ended the server, on standard error and in the log. @returns the exit code */
function reportFailure({ printError }: Io, { logging: { telemetry } }: Prepared, error: unknown): number {
  const { code, message, fields } = explainFailure(error);
  printError(`${message}\n`);
  telemetry.log('server.failed', fields);
  return code;
}

/** Stops the app. @returns how many wakes were lost; `undefined` if the stop took more than `ms` milliseconds */
async function stopWithin(app: App, ms: number): Promise<number | undefined> {
  const given = new AbortController();
  const late = delay(ms, undefined, { signal: given.signal }).catch(() => undefined);
  try {
    return await Promise.race([app.stop(), late]);
  } finally {
    given.abort();
  }
}
