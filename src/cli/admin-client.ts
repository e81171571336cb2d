import { request } from 'undici';

import type { Config } from '../config/config.ts';
import { SECOND_MS } from '../core/basics/clock.ts';
import { userAgent } from '../lib/user-agent.ts';

const TIMEOUT_MS = 5 * SECOND_MS;

interface AskOptions {
  /** Of this program; the request names it. */
  readonly version: string;
  readonly token?: string;
  readonly body?: object;
}

export interface LocalAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** The URL of a listener on this machine, from the host and port that it listens on. */
export function localUrl({ host, port }: { readonly host: string; readonly port: number }): string {
  const reached = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${reached.includes(':') ? `[${reached}]` : reached}:${port}`;
}

/**
 * Asks a listener of the server that runs on this machine.
 *
 * @returns `undefined` if no answer with JSON comes
 */
export async function askLocal(
  listener: Pick<Config['admin'], 'host' | 'port'>,
  path: string,
  options: AskOptions,
): Promise<LocalAnswer | undefined> {
  return listener.port === 0 ? undefined : askServer(`${localUrl(listener)}${path}`, options);
}

/** Asks a server of this program. @returns `undefined` if no answer with JSON comes */
export async function askServer(url: string, options: AskOptions): Promise<LocalAnswer | undefined> {
  const { body, token, version } = options;
  const headers = {
    'user-agent': userAgent(version),
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(body !== undefined && { 'content-type': 'application/json' }),
  };
  try {
    const answer = await request(url, {
      method: body === undefined ? 'GET' : 'POST',
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: TIMEOUT_MS,
    });
    return { status: answer.statusCode, body: await answer.body.json() };
  } catch {
    return undefined; // No server, or another program. The caller reports it.
  }
}
