import type { Config } from '../../config/config.ts';
import { proxyText } from '../../core/basics/proxy-address.ts';
import { isOnion, type WayOut } from '../../net/way-out.ts';
import { ok, skipped, warning, type Finding } from './finding.ts';

const TITLE = 'outgoing proxy';

/** Says through which proxy each thing goes. Whether the proxy works, the checks of those things find out. */
export async function checkWayOut(
  config: Config,
  wayOut: WayOut,
  tokenUri: string | undefined,
): Promise<Finding[]> {
  const ways = new Map<string, string[]>();
  for (const [name, url] of destinations(config, tokenUri)) {
    const proxy = wayOut.proxyFor(url);
    const way = proxy === undefined ? 'directly' : `through ${proxyText(proxy)}`;
    ways.set(way, [...(ways.get(way) ?? []), name]);
  }
  const unreached = config.relays.urls.filter(
    (url) => isOnion(new URL(url)) && wayOut.proxyFor(new URL(url)) === undefined,
  );
  const findings = unreached.map((url) =>
    warning(
      TITLE,
      `${new URL(url).host} is reached through Tor alone.`,
      'run Tor and set TOR_SOCKS=127.0.0.1:9050',
    ),
  );
  const { proxy, tor } = config.outgoing;
  if (proxy === undefined && tor === undefined)
    return [...findings, skipped(TITLE, 'None is set: everything is reached directly.')];
  const says = [...ways].map(([way, names]) => `${names.join(', ')} ${way}`).join('; ');
  return [...findings, ok(TITLE, `${says}.`)];
}

function destinations({ fcm, relays, unifiedPush }: Config, tokenUri: string | undefined): [string, URL][] {
  return [
    ...relays.urls.map((url): [string, URL] => [new URL(url).host, new URL(url)]),
    ...(fcm.enabled ? [['FCM', new URL(fcm.baseUrl)] as [string, URL]] : []),
    ...(fcm.enabled && tokenUri !== undefined ? [['OAuth', new URL(tokenUri)] as [string, URL]] : []),
    // No push server has this name.
    ...(unifiedPush.enabled ? [['push servers', new URL('https://push.invalid')] as [string, URL]] : []),
  ];
}
