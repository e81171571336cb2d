import { readVariables } from '../config/config.ts';
import { askLocal } from './admin-client.ts';
import { loadEnvironment } from './environment.ts';
import type { Io } from './io.ts';

/** `healthcheck`: asks the public API of the server on this machine. It is for containers, since the image has no curl. */
export async function healthcheck(io: Io): Promise<number> {
  const { variables } = await loadEnvironment(io.directory, io.environment);
  const { SERVER_HOST: host, SERVER_PORT: port } = readVariables(variables).values;
  if (host === undefined || port === undefined) {
    io.printError('SERVER_HOST or SERVER_PORT is not usable; see --check-config\n');
    return 78;
  }
  const answer = await askLocal({ host, port }, '/api/health', { version: io.version });
  if (answer?.status === 200) return 0;
  io.printError(`no healthy server on port ${port}\n`);
  return 1;
}
