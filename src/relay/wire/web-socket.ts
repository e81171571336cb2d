import type * as Ws from 'ws';

import { loadCommonJs } from '../../lib/load-commonjs.ts';

/** The WebSocket client of the package `ws`. */
export const { WebSocket } = loadCommonJs('ws') as typeof Ws;
export type WebSocket = Ws.WebSocket;
