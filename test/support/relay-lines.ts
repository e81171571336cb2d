import { expect, vi } from 'vitest';

import type { RelayOptions } from '../../stand-ins/relay-options.ts';
import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { keep } from './keep.ts';
import { setScene, type Scene } from './scene.ts';
import type { TestServer, TestServerOptions } from './test-server.ts';
import { PATIENCE_MS } from '../../stand-ins/patience.ts';

/** What `GET /api/status` says of a relay. */
export interface RelayLine {
  readonly url: string;
  readonly state: string;
  readonly served: readonly number[];
  readonly restricted: readonly { readonly kind: number; readonly reason: string }[];
  readonly recovering: readonly number[];
  readonly authentication: string;
  readonly reconnects: number;
  readonly discovered: boolean;
  readonly problem?: string;
  readonly remedy?: string;
}

/** The relays in `/api/status`, in their order. */
export async function relayLines({ apiUrl }: Pick<TestServer, 'apiUrl'>): Promise<RelayLine[]> {
  const status = (await (await fetch(`${apiUrl}/api/status`)).json()) as { relays: RelayLine[] };
  return status.relays;
}

/** Waits until the status says this of a relay, by its URL. */
export async function untilLine(
  server: Pick<TestServer, 'apiUrl'>,
  { url }: { url: string },
  expected: Partial<RelayLine>,
): Promise<void> {
  await vi.waitFor(
    async () => {
      const line = (await relayLines(server)).find((one) => one.url === url);
      expect(line).toMatchObject(expected);
    },
    { timeout: PATIENCE_MS, interval: 20 },
  );
}

/** A scene with a second relay, which does not have to serve every kind. */
export interface SceneBeside extends Scene {
  readonly other: RelayStandIn;
}

/** A scene whose first relay is a good one. It resolves when the server listens to that relay. */
export async function setSceneBeside(
  options: RelayOptions,
  sceneOptions: Omit<TestServerOptions, 'google' | 'relays'> = {},
): Promise<SceneBeside> {
  const [relay, other] = [keep(await RelayStandIn.start()), keep(await RelayStandIn.start(options))];
  const environment = { NOSTR_RELAYS: `${relay.url},${other.url}`, ...sceneOptions.environment };
  return { ...(await setScene({ ...sceneOptions, relays: [relay], environment })), other };
}

/** The filters of every REQ for the live events of a kind that a relay was sent. */
export function liveRequests(
  relay: RelayStandIn,
  kind: number,
): { subscription: string; filters: unknown }[] {
  return relay.requests.all.filter(({ filters }) => isLiveRequest(filters, kind));
}

/** Whether a REQ asks for the live events of a kind, and for nothing that is stored. */
export function isLiveRequest(
  filters: readonly { kinds?: number[]; limit?: number }[],
  kind: number,
): boolean {
  const [filter] = filters;
  return filter?.limit === 0 && filter.kinds?.includes(kind) === true;
}
