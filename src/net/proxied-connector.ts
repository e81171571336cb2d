import type { Socket } from 'node:net';

import type { Agent, buildConnector } from 'undici';

import type { ProxyAddress } from '../core/basics/proxy-address.ts';
import type { TunnelOptions, WayOut } from './way-out.ts';

/**
 * Connects as undici does, and through the proxy where there is one for the host.
 *
 * @param optionsFor how the proxy is to reach a host
 */
export function proxiedConnector(
  wayOut: WayOut,
  connect: buildConnector.connector,
  optionsFor: (target: buildConnector.Options) => TunnelOptions,
): buildConnector.connector {
  const tunnel = async (
    proxy: ProxyAddress,
    target: buildConnector.Options,
    callback: buildConnector.Callback,
  ): Promise<void> => {
    let socket: Socket;
    try {
      socket = await wayOut.open(proxy, target, optionsFor(target));
    } catch (error) {
      return callback(error as Error, null);
    }
    if (target.protocol === 'https:') connect({ ...target, httpSocket: socket }, callback);
    else callback(null, socket);
  };
  return (target, callback) => {
    const proxy = wayOut.proxyFor(target);
    if (proxy === undefined) connect(target, callback);
    else void tunnel(proxy, target, callback);
  };
}

/**
 * A dispatcher for requests to a host that the operator chose.
 *
 * @returns `undefined` if the host is reached directly
 */
export async function agentFor(
  wayOut: WayOut,
  url: URL,
  options: TunnelOptions = { isOwn: true },
): Promise<Agent | undefined> {
  if (wayOut.proxyFor(url) === undefined) return undefined;
  const { Agent, buildConnector } = await import('undici');
  return new Agent({ connect: proxiedConnector(wayOut, buildConnector({}), () => options) });
}
