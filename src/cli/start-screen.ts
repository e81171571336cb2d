import type { Addresses } from '../app.ts';
import type { Config } from '../config/config.ts';
import { proxyText } from '../core/basics/proxy-address.ts';
import { HOUR_MS, DAY_MS, SECOND_MS } from '../core/basics/clock.ts';
import type { WakingKind } from '../core/nostr/nostr-event.ts';
import { hostText } from '../core/registry/allowed-host.ts';
import type { Curve } from '../crypto/curve.ts';
import { storeFiles } from '../store/contents/store-files.ts';
import type { ServerKey } from '../crypto/server-key.ts';

export interface StartScreenOptions {
  readonly version: string;
  readonly config: Config;
  readonly curve: Pick<Curve, 'library' | 'isNative'>;
  readonly key: ServerKey;
  readonly keyCreated: boolean;
  /** Whether FCM has a service account. */
  readonly fcmReady: boolean;
  readonly addresses: Addresses;
  readonly warnings: readonly string[];
}

const KIND_NAMES: Readonly<Record<WakingKind, string>> = {
  1059: '1059 (gift wraps, v1)',
  14: '14 (signed messages, v2)',
};

/** The screen that a start prints: each part, whether it is on, and how to turn it on. It contains no secret. */
export function startScreen(options: StartScreenOptions): string {
  const { addresses, config, key } = options;
  const rows: [string, string][] = [
    ['public key', key.publicKeyHex],
    ['', key.npub],
    ['key kept in', keyPlace(options)],
    ['HTTP API', addresses.apiAddress],
    ['admin', addresses.adminAddress ?? `off: ${addresses.adminProblem}`],
    ['relays', config.relays.urls.map((url) => new URL(url).host).join(', ')],
    ['kinds', config.relays.kinds.map((kind) => KIND_NAMES[kind]).join(', ')],
    ['FCM', fcmState(options)],
    ['UnifiedPush', unifiedPushState(config)],
    ...outgoingRows(config),
    [
      'plain tokens',
      config.http.allowPlaintextTokens ? 'accepted. Refuse them: ALLOW_PLAINTEXT_TOKENS=false' : 'refused',
    ],
    ['registrations', registrationState(config)],
    ['signatures', signatureState(options)],
    ['limits', limits(config)],
    ['log', logState(config)],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`);
  const warnings = options.warnings.map((warning) => `  ! ${warning}`);
  return [
    '',
    `mostro-push-server ${options.version}`,
    '',
    ...lines,
    ...(warnings.length > 0 ? ['', ...warnings] : []),
    '',
    '',
  ].join('\n');
}

function keyPlace({ config, keyCreated }: StartScreenOptions): string {
  if (config.key.privateKey !== undefined) return 'SERVER_PRIVATE_KEY';
  return `${config.key.file}${keyCreated ? ' (made just now: keep a copy, clients seal their tokens to it)' : ''}`;
}

function fcmState({ config, fcmReady }: StartScreenOptions): string {
  if (!config.fcm.enabled) return 'off. Turn it on: FCM_ENABLED=true';
  return fcmReady
    ? 'on'
    : 'waiting for credentials: set FIREBASE_SERVICE_ACCOUNT_PATH to the key file from the Firebase console';
}

function unifiedPushState({ unifiedPush }: Config): string {
  if (!unifiedPush.enabled) return 'off. Turn it on: UNIFIEDPUSH_ENABLED=true';
  if (unifiedPush.allowPrivateEndpoints) return 'on, private addresses and http allowed';
  const own = unifiedPush.allowedHosts.map(hostText);
  return own.length === 0
    ? 'on, public https endpoints only'
    : `on, public https endpoints and ${own.join(', ')}`;
}

/** Only where there is a proxy. Its user and password are left out. */
function outgoingRows({ outgoing }: Config): [string, string][] {
  const { exceptions, proxy, tor } = outgoing;
  const but = exceptions === '' ? '' : `, but for ${exceptions}`;
  return [
    ...(proxy ? [['way out', `through ${proxyText(proxy)}${but}`] as [string, string]] : []),
    ...(tor ? [['Tor', `.onion relays through ${proxyText(tor)}`] as [string, string]] : []),
  ];
}

function signatureState({ curve }: StartScreenOptions): string {
  if (curve.isNative) return `verified by ${curve.library}`;
  return `verified by ${curve.library}. Five times as fast: install libsecp256k1 (Debian: libsecp256k1-1)`;
}

function limits({ wakes, shutdownTimeoutMs }: Config): string {
  const [batch, cooldown, deadline, stop] = [
    wakes.batchDelayMs,
    wakes.cooldownMs,
    wakes.deadlineMs,
    shutdownTimeoutMs,
  ].map((ms) => `${ms / SECOND_MS} s`);
  return `a device is woken at once, then after ${batch}, then every ${cooldown}; a wake that fails is tried for ${deadline}, then owed; a stop takes ${stop}`;
}

function logState({ log: { file, level } }: Config): string {
  const where = file === undefined ? 'on standard output' : `on standard output and in ${file}`;
  return level === 'silent' ? 'off. Turn it on: LOG_LEVEL=info' : `${level}, ${where}`;
}

function registrationState({ registrations: { capacity, lifetime }, ...config }: Config): string {
  const hours = lifetime.ttlMs / HOUR_MS;
  const days = lifetime.maxAgeMs / DAY_MS;
  return `${registrationPlace(config)}. At most ${capacity}, for ${hours} h after the last wake, ${days} days at the most`;
}

function registrationPlace({ store, unifiedPush }: Pick<Config, 'store' | 'unifiedPush'>): string {
  const { everything } = storeFiles(store.directory);
  if (store.engine !== undefined && store.kind === 'redis') {
    const { database, host, port } = store.engine;
    return `in database ${database} of ${host}, port ${port}, sealed: a restart forgets none, and other servers share them`;
  }
  if (store.kind === 'file') return `in ${everything}, sealed: a restart forgets none`;
  const kept = unifiedPush.enabled ? 'all but UnifiedPush endpoints' : 'them';
  return `in memory: a restart forgets ${kept}. Keep all: STORE=file`;
}
