import type { FastifyInstance } from 'fastify';

import type { CompositionParts } from './compose.ts';
import type { Alarm } from '../core/watch/alarms.ts';
import type { ChatAnnouncements } from '../core/waking/chat-announcements.ts';
import { SECOND_MS } from '../core/basics/clock.ts';
import { deliveryBlockers } from '../core/watch/delivery-blockers.ts';
import { findAlarms } from '../core/watch/find-alarms.ts';
import type { PushLanes } from '../core/lanes/push-lanes.ts';
import type { Registrations } from '../core/registry/registrations.ts';
import type { Waker } from '../core/waking/waker.ts';
import type { ComposedLanes } from './lanes.ts';
import type { ProgramTime } from './time.ts';
import type { ComposedStore } from './store.ts';
import type { TestedCurve } from '../crypto/tested-curve.ts';
import { ConnectionBounds } from '../http/connection-bounds.ts';
import { AdminToken } from '../ops/admin-token.ts';
import { createAdminServer } from '../ops/admin-server.ts';
import { AlarmWatch } from '../ops/alarm-watch.ts';
import { DiskSpace } from '../ops/disk-space.ts';
import { gaugeSources } from '../ops/gauge-sources.ts';
import { LogLosses } from '../ops/log-losses.ts';
import { readiness, type Readiness } from '../ops/readiness.ts';
import type { RelayPool } from '../relay/connection/relay-pool.ts';

export interface Observed extends ComposedLanes {
  readonly registrations: Registrations;
  readonly store: ComposedStore;
  readonly waker: Waker;
  readonly announcements: ChatAnnouncements;
  readonly relays: RelayPool;
  readonly time: ProgramTime;
  readonly curve: TestedCurve;
  readonly onFault: (fault: unknown) => void;
}

export interface Operations {
  readonly admin: FastifyInstance;
  readonly watch: AlarmWatch;
}

/** What is asked of the program's state: alarms, and the readiness that follows from them. */
interface Wellbeing {
  readonly disk: DiskSpace;
  readonly alarms: () => readonly Alarm[];
  readonly ready: () => Readiness;
}

/** Google is not pressed: every half minute, where the alarms are looked for every five seconds. */
const LOOKS_PER_MINT = 6;

/** What the operator sees of the program, all of it from one list of alarms (contract 8). */
export function composeOperations(parts: CompositionParts, observed: Observed): Operations {
  const { config, metrics, serverKey, telemetry, version } = parts;
  const { curve, fcm, onFault, registrations } = observed;
  const { alarms, disk, ready } = composeWellbeing(parts, observed);
  let looks = 0;
  const losses = lossesOf(parts);
  const look = async (): Promise<void> => {
    await disk.look();
    for (const each of losses) each.look();
    curve.test();
    // Asked again without waiting for a wake: what was refused recovers by itself.
    if (fcm?.oauthProblem !== undefined && looks++ % LOOKS_PER_MINT === 0) await fcm.warmUp();
  };
  const watch = new AlarmWatch({ find: alarms, look, telemetry, tickMs: parts.alarmTickMs, onFault });
  const { history } = metrics;
  const registrationsLimit = config.registrations.capacity;
  const { clock, skew } = observed.time;
  const all = { ...observed, clock, skew, alarms, disk, ready, history, registrationsLimit, version };
  metrics.gauge(gaugeSources(all));
  const token = new AdminToken(config.dataDirectory);
  const admin = createAdminServer({
    host: config.admin.host,
    metrics,
    ready,
    alarms,
    dashboard: { ...all, serverPubkey: serverKey.publicKeyHex },
    protect: (server) => adminBounds(parts).protect(server),
    trace: { token, traces: telemetry.traces, find: (key) => registrations.find(key) },
  });
  return { admin, watch };
}

/** Standard error carries the start screen alone, so what is lost there is counted and raises no alarm. */
function lossesOf({ logErrorOutput, logFile, logOutput, telemetry }: CompositionParts): LogLosses[] {
  const outputs = Object.entries({ stdout: logOutput, stderr: logErrorOutput, file: logFile });
  return outputs.flatMap(([name, log]) => (log === undefined ? [] : [new LogLosses(name, log, telemetry)]));
}

/** A scraper, a browser and a health check: the operator's own clients are few, and a page of metrics is long. */
const ADMIN_CONNECTIONS = {
  total: 256,
  perAddress: 64,
  unanswered: 8,
  unreadBytes: 512 * 1024,
  unreadMs: 15 * SECOND_MS,
};

function adminBounds({
  requestTimeoutMs = ADMIN_CONNECTIONS.unreadMs,
  telemetry,
}: CompositionParts): ConnectionBounds {
  return new ConnectionBounds({ ...ADMIN_CONNECTIONS, unreadMs: requestTimeoutMs }, telemetry);
}

function composeWellbeing(
  { config, logFile, logOutput, serviceAccount }: CompositionParts,
  observed: Observed,
): Wellbeing {
  const { canDeliver, curve, fcm, health, isLoaded, lanes, relays, store, time } = observed;
  const disk = new DiskSpace(config.dataDirectory);
  const alarms = (): Alarm[] =>
    findAlarms({
      now: time.clock(),
      relays: relays.status(),
      fcmLacksCredentials: config.fcm.enabled && serviceAccount === undefined,
      oauthProblem: fcm?.oauthProblem,
      health,
      waiting: waitingIn(lanes),
      troubled: lanes.troubled(),
      clockOffSeconds: time.offSeconds(),
      diskFull: disk.isFull || logFile?.problem() === 'ENOSPC',
      logFileProblem: logFile?.problem(),
      logOutputProblem: logOutput?.problem(),
      storeUnavailable: !store.isOpen(),
      replacedLibrary: curve.replaced,
    });
  const unifiedPush = config.unifiedPush.enabled ? health.unifiedpush : undefined;
  const ready = (): Readiness =>
    readiness({
      relays: () => relays.status(),
      canDeliver: () => canDeliver,
      isLoaded,
      blockers: () => deliveryBlockers({ alarms: alarms(), oauthProblem: fcm?.oauthProblem, unifiedPush }),
      storeUnavailable: () => !store.isOpen(),
      cannotVerify: () => curve.isExhausted,
    });
  return { alarms, disk, ready };
}

/** Wakes that are yet to be delivered, by provider. */
function waitingIn(lanes: PushLanes): Record<string, number> {
  const owed = lanes.owed();
  return Object.fromEntries(
    Object.entries(lanes.pending()).map(([provider, pending]) => [provider, pending + (owed[provider] ?? 0)]),
  );
}
