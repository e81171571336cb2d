import { askServer } from '../admin-client.ts';
import { failure, ok, warning, type Finding } from './finding.ts';

/** Whether PUBLIC_URL leads to this server, through the proxy that may be in between. @param publicKey of this configuration */
export async function checkPublicUrl(
  publicUrl: string | undefined,
  publicKey: string | undefined,
  version: string,
): Promise<Finding[]> {
  if (publicUrl === undefined) return [];
  const title = 'PUBLIC_URL';
  const answer = await askServer(`${publicUrl}/api/info`, { version });
  const { server_pubkey: key } = (answer?.body ?? {}) as { readonly server_pubkey?: unknown };
  if (typeof key !== 'string')
    return [
      warning(
        title,
        `No server of this program answers at ${publicUrl}, asked from this machine.`,
        'start the server, and see that the name and the proxy lead to it; some networks do not let a machine reach its own public address',
      ),
    ];
  return key === publicKey
    ? [ok(title, 'It leads to the server with this key.')]
    : [
        failure(
          title,
          'It leads to a server with another key: apps would seal their tokens to that one.',
          'run this in the directory of that server, or make PUBLIC_URL lead to this one',
        ),
      ];
}
