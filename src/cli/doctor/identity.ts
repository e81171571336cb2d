import type { Config } from '../../config/config.ts';
import { askLocal } from '../admin-client.ts';

/** The server that runs on this machine's ports: `ours` has the key of this configuration. `undefined` if no server of this program answers. */
export type RunningServer = 'ours' | 'another' | undefined;

/**
 * Asks the public port, and then an admin port that the operator chose, which server listens there: ports that a start needs.
 *
 * @param publicKey of this configuration, 66 hex characters
 */
export async function whoListens(
  { admin, http }: Pick<Config, 'admin' | 'http'>,
  publicKey: string | undefined,
  version: string,
): Promise<RunningServer> {
  const info = await askLocal(http, '/api/info', { version });
  const isAsked = info === undefined && admin.required;
  const page = isAsked ? await askLocal(admin, '/dashboard.json', { version }) : undefined;
  const { server_pubkey: key } = (info?.body ?? {}) as { readonly server_pubkey?: unknown };
  const { serverPubkey = key } = (page?.body ?? {}) as { readonly serverPubkey?: unknown };
  if (typeof serverPubkey !== 'string') return undefined;
  return serverPubkey === publicKey ? 'ours' : 'another';
}
