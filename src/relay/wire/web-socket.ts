import { createRequire } from 'node:module';

import type * as Ws from 'ws';

/**
 * The client of the package `ws`. It is CommonJS: an `import` would first read all of its source for names, which takes three times
 * as long as to run it.
 */
export const { WebSocket } = createRequire(import.meta.url)('ws') as typeof Ws;
export type WebSocket = Ws.WebSocket;
