import type { OpenToken } from '../core/registry/token-content.ts';
import type { Curve } from './curve.ts';
import { openToken } from './sealed-token.ts';
import type { ServerKey } from './server-key.ts';

/** Opens tokens that were sealed to the server's key or to its previous key (contract 7), which a client may still know. */
export function tokenOpener(key: ServerKey, previous: ServerKey | undefined, curve: Curve): OpenToken {
  return (sealed) => {
    const opened = openToken(sealed, key.privateKey.reveal(), curve);
    if (previous === undefined || opened !== 'Failed to decrypt token') return opened;
    return openToken(sealed, previous.privateKey.reveal(), curve);
  };
}
