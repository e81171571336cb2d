import type { Config } from '../../config/config.ts';
import { whyNotMade } from './can-make.ts';
import { checkEngine } from './check-engine.ts';
import { failure, ok, type Finding } from './finding.ts';
import type { RunningServer } from './identity.ts';
import { tryPort } from './try-port.ts';
import { tryStore, type StoreTrial } from './try-store.ts';

/**
 * Tries what the next start will do after it has read the configuration, in the same order, and changes nothing. Whatever would end the
 * start is a failure with the start's exit code. This is the one list of such trials, for `--check-config` and for `doctor`.
 *
 * @param running the server that answers on the public port now
 */
export async function tryStart(
  { config, previousKey, serverKey }: StoreTrial,
  running: RunningServer,
  version: string,
): Promise<Finding[]> {
  const { admin, http, key } = config;
  return [
    ...(running === 'another' ? [otherServer(config)] : []),
    ...(serverKey === undefined ? [await tryKey(key.file)] : []),
    await tryStore({ config, previousKey, serverKey }, running),
    ...(await checkEngine(config.store, serverKey)),
    await tryPort({ name: 'public', host: http.host, port: http.port, required: true, version }),
    await tryPort({
      name: 'admin',
      host: admin.host,
      port: admin.port,
      required: admin.required,
      version,
    }),
  ];
}

function otherServer({ admin, http }: Config): Finding {
  return {
    ...failure(
      'identity',
      `The server that runs on port ${http.port} or ${admin.port} has another key than this directory: it is another server.`,
      'run this in the directory of that server, or set SERVER_PORT and ADMIN_PORT to free ones',
    ),
    exitCode: 1,
  };
}

async function tryKey(path: string): Promise<Finding> {
  const title = 'server key';
  const code = await whyNotMade(path);
  if (code === undefined) return ok(title, `${path} will be made on the first start.`);
  return {
    ...failure(
      title,
      `${path} cannot be made (${code}).`,
      'make its directory writable, or set SERVER_PRIVATE_KEY',
    ),
    exitCode: 78,
  };
}
