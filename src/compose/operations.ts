import { hostname } from 'node:os';

import type { FastifyInstance } from 'fastify';

import type { CompositionOptions, CompositionOverrides } from './options.ts';
import type { CohortCounts } from '../core/cohorts/cohort-table.ts';
import type { Alarm } from '../core/watch/alarms.ts';
import type { ChatAnnouncements } from '../core/waking/chat-announcements.ts';
import { SECOND_MS } from '../core/basics/clock.ts';
import { deliveryBlockers } from '../core/watch/delivery-blockers.ts';
import { findAlarms } from '../core/watch/find-alarms.ts';
import type { Registrations } from '../core/registry/registrations.ts';
import type { Waker } from '../core/waking/waker.ts';
import type { ComposedLanes } from './lanes.ts';
import type { ProgramTime } from './time.ts';
import type { ComposedStore } from './composed-store.ts';
import type { TestedCurve } from '../crypto/tested-curve.ts';
import { ConnectionBounds } from '../http/connection-bounds.ts';
import type { ProxyHeaders } from '../http/proxy-headers.ts';
import type { WayOut } from '../net/way-out.ts';
import { AdminToken } from '../ops/admin-token.ts';
import { createAdminServer } from '../ops/admin-server.ts';
import { AlarmWatch } from '../ops/alarm-watch.ts';
import type { ServerIdentity, SnapshotSources } from '../ops/dashboard/snapshot.ts';
import { DiskSpace } from '../ops/disk-space.ts';
import { gaugeSources, type PolicyStatus } from '../ops/gauge-sources.ts';
import { LogLosses } from '../ops/log-losses.ts';
import { PastAlarms } from '../ops/past-alarms.ts';
import { readiness, type Readiness } from '../ops/readiness.ts';
import type { RelayPool } from '../relay/connection/relay-pool.ts';

interface Observed {
  readonly push: ComposedLanes;
  readonly registrations: Registrations;
  readonly store: ComposedStore;
  /** How many servers work as one; absent if this one is alone. */
  readonly servers: (() => number) | undefined;
  readonly waker: Waker;
  readonly policies: () => PolicyStatus;
  readonly announcements: ChatAnnouncements;
  readonly relays: RelayPool;
  readonly time: ProgramTime;
  readonly curve: TestedCurve;
  readonly proxyHeaders: ProxyHeaders;
  readonly wayOut: WayOut;
}

export interface Operations {
  readonly admin: FastifyInstance;
  readonly watch: AlarmWatch;
  readonly ready: () => Readiness;
}

/** The state of the program as one list of alarms, and the readiness that follows from it. */
interface Wellbeing {
  readonly alarms: () => readonly Alarm[];
  readonly ready: () => Readiness;
}

const NO_COHORTS: CohortCounts = { cohorts: 0, members: 0, lingering: 0, unprotected: 0, sizes: new Map() };

/** The admin listener and the watch for alarms. Everything that an operator sees comes from one list of alarms (contract 8). */
export function composeOperations(
  options: CompositionOptions,
  overrides: CompositionOverrides,
  observed: Observed,
  onFault: (fault: unknown) => void,
): Operations {
  const { config, metrics, telemetry } = options;
  const { registrations, time } = observed;
  const disk = new DiskSpace(config.dataDirectory);
  const past = new PastAlarms(time.clock);
  const { alarms, ready } = composeWellbeing(options, observed, disk);
  const sources = sourcesOf(options, observed, { disk, past, alarms, ready });
  metrics.gauge(gaugeSources(sources));
  const admin = createAdminServer({
    host: config.admin.host,
    metrics,
    ready,
    alarms,
    dashboard: sources,
    protect: (server) => adminBounds(options, overrides).protect(server),
    trace: {
      token: new AdminToken(config.dataDirectory),
      traces: telemetry.traces,
      find: (key) => registrations.find(key),
    },
  });
  const look = createLook(options, observed, disk);
  const watched = { find: alarms, look, past, telemetry, onFault };
  const watch = new AlarmWatch(watched, { tickMs: overrides.alarmTickMs });
  return { admin, watch, ready };
}

/** What gauges and dashboard read. */
function sourcesOf(
  options: CompositionOptions,
  observed: Observed,
  { alarms, disk, past, ready }: Wellbeing & { readonly disk: DiskSpace; readonly past: PastAlarms },
): SnapshotSources {
  const { config, metrics, version } = options;
  const { announcements, curve, policies, push, registrations, relays, store, time, waker } = observed;
  return {
    version,
    ...identityOf(options),
    lookAtEvents: () => metrics.lookAtEvents(),
    past,
    ready,
    alarms,
    registrations,
    registrationsLimit: config.registrations.capacity,
    history: metrics.history,
    store,
    curve,
    waker,
    cohorts: () => store.cohorts?.table.counts ?? NO_COHORTS,
    policies,
    announcements,
    lanes: push.lanes,
    relays,
    servers: observed.servers,
    clock: time.clock,
    skew: time.skew,
    disk,
    health: push.health,
  };
}

/** What tells this server from the others of its operator. */
function identityOf({ config, serverKey }: CompositionOptions): ServerIdentity {
  const { publicUrl } = config.http;
  return {
    name: publicUrl === undefined ? hostname() : new URL(publicUrl).host,
    serverPubkey: serverKey.publicKeyHex,
    storeKind: config.store.kind,
  };
}

/** A refused key is offered to Google again every half minute; alarms are looked for every five seconds. */
const LOOKS_PER_MINT = 6;

/** What is measured before each search for alarms. */
function createLook(
  options: CompositionOptions,
  { curve, push: { fcm } }: Observed,
  disk: DiskSpace,
): () => Promise<void> {
  const losses = createLogLosses(options);
  let looks = 0;
  return async () => {
    await disk.look();
    for (const output of losses) output.look();
    options.metrics.lookAtEvents();
    curve.test();
    // Without waiting for a wake, so that the alarm ends soon after Google takes the key again.
    if (fcm?.oauthProblem !== undefined && looks++ % LOOKS_PER_MINT === 0) await fcm.warmUp();
  };
}

/** The lines that each output has lost. Standard error carries the start screen alone, so its losses raise no alarm. */
function createLogLosses({ logErrorOutput, logFile, logOutput, telemetry }: CompositionOptions): LogLosses[] {
  const outputs = [
    ['stdout', logOutput],
    ['stderr', logErrorOutput],
    ['file', logFile],
  ] as const;
  return outputs.flatMap(([name, log]) => (log === undefined ? [] : [new LogLosses(name, log, telemetry)]));
}

/** The operator's clients are few (a scraper, a browser, a health check), and a page of metrics is long. */
const ADMIN_CONNECTIONS = { total: 256, perAddress: 64, unanswered: 8, unreadBytes: 512 * 1024 };
const ADMIN_UNREAD_MS = 15 * SECOND_MS;

function adminBounds(
  { telemetry }: CompositionOptions,
  { requestTimeoutMs = ADMIN_UNREAD_MS }: CompositionOverrides,
): ConnectionBounds {
  return new ConnectionBounds({ ...ADMIN_CONNECTIONS, unreadMs: requestTimeoutMs }, telemetry);
}

function composeWellbeing(
  { config, logFile, logOutput, serviceAccount }: CompositionOptions,
  { curve, proxyHeaders, push, relays, store, time, wayOut }: Observed,
  disk: DiskSpace,
): Wellbeing {
  const { canDeliver, fcm, health, isLoaded, lanes } = push;
  const alarms = (): Alarm[] =>
    findAlarms({
      now: time.clock(),
      relays: relays.status(),
      fcmLacksCredentials: config.fcm.enabled && serviceAccount === undefined,
      oauthProblem: fcm?.oauthProblem,
      health,
      waiting: wakesWaiting(push),
      troubled: lanes.troubled(),
      clockOffSeconds: time.offSeconds(),
      diskFull: disk.isFull || logFile?.problem() === 'ENOSPC',
      logFileProblem: logFile?.problem(),
      logOutputProblem: logOutput?.problem(),
      storeUnavailable: !store.isOpen(),
      engine: store.engineSigns?.(),
      replacedLibrary: curve.replaced,
      proxyHeaderFault: proxyHeaders.fault,
      outgoingProxyProblem: wayOut.problem,
    });
  const unifiedPush = config.unifiedPush.enabled ? health.unifiedpush : undefined;
  const ready = (): Readiness =>
    readiness({
      relays: () => relays.status(),
      canDeliver: () => canDeliver,
      isLoaded,
      blockers: () => deliveryBlockers({ alarms: alarms(), oauthProblem: fcm?.oauthProblem, unifiedPush }),
      storeUnavailable: () => !store.isOpen(),
      engineProblem: () => store.engineSigns?.().problem,
      cannotVerify: () => curve.isExhausted,
    });
  return { alarms, ready };
}

/** Wakes that wait in a lane or are owed, by push service. */
function wakesWaiting({ lanes }: ComposedLanes): Record<string, number> {
  const owed = lanes.owed();
  return Object.fromEntries(
    Object.entries(lanes.pending()).map(([provider, pending]) => [provider, pending + (owed[provider] ?? 0)]),
  );
}
