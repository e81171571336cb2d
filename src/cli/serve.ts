import { App } from '../app.ts';
import type { CompositionParts } from '../composition.ts';
import { describeError } from '../core/describe-error.ts';
import { chooseCurve } from '../crypto/choose-curve.ts';
import { ListenError } from '../ops/listen.ts';
import { LogFile } from '../ops/log-file.ts';
import { createLogger } from '../ops/logger.ts';
import { Metrics } from '../ops/metrics.ts';
import { createTelemetry } from '../ops/telemetry.ts';
import { StoreOpenError } from '../store/store-open-error.ts';
import type { Io } from './io.ts';
import type { Startup } from './load-startup.ts';
import { settle } from './settle.ts';
import { startScreen } from './start-screen.ts';

/**
 * Serves until told to stop.
 *
 * @returns the exit code: 0, or 1 after a fault or with wakes lost
 * @throws ConfigError for a configuration that is not usable
 */
export async function serve(io: Io, stopped: Promise<void>): Promise<number> {
  const startup = await settle(io, { createKey: true });
  const { level, file, format = io.isTerminal ? 'pretty' : 'json' } = startup.config.log;
  using logFile = file === undefined ? undefined : new LogFile(file);
  if (logFile !== undefined) io.onReopen(() => logFile.reopen());
  const metrics = new Metrics();
  const telemetry = createTelemetry(await createLogger({ level, format, file: logFile }), metrics);
  return await run(io, startup, { telemetry, metrics, logFile }, stopped);
}

async function run(
  io: Io,
  startup: Startup,
  parts: Pick<CompositionParts, 'telemetry' | 'metrics' | 'logFile'>,
  stopped: Promise<void>,
): Promise<number> {
  const { telemetry } = parts;
  const { config, keyCreated, previousKey, serverKey, serviceAccount, warnings } = startup;
  if (serverKey === undefined) throw new TypeError('a start without a server key');
  const { version } = io;
  const curve = await chooseCurve();
  const app = new App({ ...parts, version, config, curve, serverKey, previousKey, serviceAccount });
  let exitCode = 0;
  try {
    const addresses = await app.start();
    const fcmReady = serviceAccount !== undefined;
    io.printError(
      startScreen({ version, config, curve, key: serverKey, keyCreated, fcmReady, addresses, warnings }),
    );
    telemetry.log('server.started', { version, address: addresses.apiAddress });
    for (const warning of warnings) telemetry.log('config.warning', { message: warning });
    await Promise.race([stopped, app.fault]);
  } catch (error) {
    const explained = error instanceof ListenError || error instanceof StoreOpenError;
    if (explained) io.printError(`${error.message}\n`);
    telemetry.log('server.failed', explained ? { message: error.message } : { error: describeError(error) });
    exitCode = error instanceof StoreOpenError && error.isConfiguration ? 78 : 1;
  }
  telemetry.log('server.stopping');
  const lost = await app.stop();
  telemetry.log('server.stopped', { count: lost });
  return lost > 0 ? 1 : exitCode;
}
