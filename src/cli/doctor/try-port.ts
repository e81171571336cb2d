import { createServer } from 'node:net';

import { askLocal } from '../admin-client.ts';
import { failure, ok, warning, type Finding } from './finding.ts';

export interface PortTrial {
  readonly name: 'public' | 'admin';
  readonly host: string;
  readonly port: number;
  /** Whether a start ends if the port cannot be had. */
  readonly required: boolean;
  readonly version: string;
}

/** Listens for a moment, as the start will do: the port is free, or the running server has it. */
export async function tryPort(trial: PortTrial): Promise<Finding> {
  const { host, name, port, required } = trial;
  const title = `${name} port`;
  const variable = name === 'public' ? 'SERVER' : 'ADMIN';
  const code = await tryToListen(host, port);
  if (code === undefined)
    return ok(title, port === 0 ? 'Any free one is taken.' : `${host}:${port} is free.`);
  if (code === 'EADDRINUSE' && (await isServer(trial)))
    return ok(title, `The server is running on ${host}:${port}.`);
  const [says, remedy] =
    code === 'EADDRINUSE'
      ? [`Port ${port} is taken by another program.`, `set ${variable}_PORT to a free one`]
      : [`${host}:${port} cannot be listened on (${code}).`, `check ${variable}_HOST and ${variable}_PORT`];
  return required ? { ...failure(title, says, remedy), exitCode: 1 } : warning(title, says, remedy);
}

/** Whether a server of this program has the port. Whether it is the one of this directory is a finding of its own. */
async function isServer({ name, version, ...listener }: PortTrial): Promise<boolean> {
  const path = name === 'public' ? '/api/health' : '/health/live';
  return (await askLocal(listener, path, { version }))?.status === 200;
}

function tryToListen(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', ({ code = 'unknown' }: NodeJS.ErrnoException) => resolve(code));
    server.listen({ host, port }, () => server.close(() => resolve(undefined)));
  });
}
