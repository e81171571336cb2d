import { rm } from 'node:fs/promises';

import type { CompositionOptions } from './options.ts';
import type { Config } from '../config/config.ts';
import type { ComposedStore } from './composed-store.ts';
import { composeFleetStore } from './fleet-store.ts';
import type { ProgramTime } from './time.ts';
import { DAY_MS, MINUTE_MS } from '../core/basics/clock.ts';
import type { InstancePubkeys } from '../core/registry/instance-pubkeys.ts';
import type { EndpointPolicy } from '../core/registry/push-target.ts';
import { isThere } from '../lib/is-there.ts';
import { FileStore } from '../store/contents/file-store.ts';
import { importEndpoints } from '../store/import/import-endpoints.ts';
import { MemoryRegistrations } from '../store/tables/memory-registrations.ts';
import type { RegistrationChange } from '../store/tables/registration-change.ts';
import { MemorySeenEvents } from '../store/tables/memory-seen-events.ts';
import { MemoryUsedEvents } from '../store/tables/memory-used-events.ts';
import { StoreOpenError } from '../store/file/store-open-error.ts';
import { storeFiles } from '../store/contents/store-files.ts';

/** Every recovery asks for more than this before a proof of life. */
const REACH_MS = 10 * MINUTE_MS;
/** If a start comes later than this after the last record, the server was off or its clock is wrong. By then no registration has expired: they live for two days by default. */
const LONGEST_STOP_MS = DAY_MS;

interface Shared {
  readonly instances: InstancePubkeys;
  readonly time: ProgramTime;
  readonly allowsEndpoint: EndpointPolicy;
  /** Called after a registration has changed because of another server of the fleet. */
  readonly onRemote: (change: RegistrationChange) => void;
}

/** Creates the store: memory only, memory and a file (contract 6), or what a fleet has in common (contract 10). `STORE=memory` has a file, too, if UnifiedPush is enabled: it keeps the endpoints. */
export function composeStore(options: CompositionOptions, shared: Shared): ComposedStore {
  const { config, telemetry } = options;
  const { instances, time, onRemote } = shared;
  const onDisplaced = (): void => telemetry.count('seen_events_displaced');
  const { engine, kind } = config.store;
  if (kind === 'redis' && engine !== undefined)
    return composeFleetStore(options, engine, {
      instances,
      time,
      handlingMs: handlingMs(config),
      onDisplaced,
      onRemote,
      onOpened: (latestAt) => {
        if (isClockDoubtful(time.clock(), latestAt)) time.doubtStart();
      },
    });
  if (config.store.kind === 'memory' && !config.unifiedPush.enabled) {
    return inMemory(config.registrations.capacity, shared.time, onDisplaced);
  }
  const store = createFileStore(options, shared.time, onDisplaced);
  const { cohorts, owed, proofs, registrations, seen } = store.contents;
  return {
    registrations,
    seen,
    proofs,
    used: new MemoryUsedEvents({ clock: time.monotonic }),
    // With `STORE=memory` no ids of events are on the disk: after a restart their events are asked for again, and wake again.
    owed: config.store.kind === 'file' ? owed : undefined,
    cohorts: config.store.kind === 'file' ? cohorts : undefined,
    reach: async () => true,
    link: undefined,
    open: async () => {
      await openStore(store, options, shared);
      return [...owed.all()];
    },
    close: () => store.close(),
    isOpen: () => store.isOpen,
    size: () => store.size,
  };
}

function inMemory(
  capacity: number,
  { clock, mayExpire, monotonic }: ProgramTime,
  onDisplaced: () => void,
): ComposedStore {
  return {
    registrations: new MemoryRegistrations({ capacity }),
    seen: new MemorySeenEvents({ clock, mayExpire, onDisplaced }),
    owed: undefined,
    cohorts: undefined,
    proofs: undefined,
    used: new MemoryUsedEvents({ clock: monotonic }),
    reach: async () => true,
    link: undefined,
    open: async () => [],
    close: async () => undefined,
    isOpen: () => true,
    size: () => 0,
  };
}

function createFileStore(
  options: CompositionOptions,
  { clock, mayExpire, monotonic }: ProgramTime,
  onDisplaced: () => void,
): FileStore {
  const { config, previousKey, serverKey, telemetry } = options;
  const files = storeFiles(config.store.directory);
  const isFile = config.store.kind === 'file';
  return new FileStore({
    path: isFile ? files.everything : files.endpoints,
    keeps: isFile ? 'everything' : 'endpoints',
    isLazy: !isFile,
    keys: [serverKey.privateKey, ...(previousKey === undefined ? [] : [previousKey.privateKey])],
    capacity: config.registrations.capacity,
    handlingMs: handlingMs(config),
    clock,
    mayExpire,
    monotonic,
    telemetry,
    onDisplaced,
  });
}

/** How long an event may take until its wake has left, beyond what every recovery asks for anyway. */
export function handlingMs({ policies, wakes }: Config): number {
  const heldMs = Math.max(wakes.batchDelayMs + wakes.cooldownMs, 2 * policies.slotMs);
  return Math.max(0, wakes.deadlineMs + heldMs - REACH_MS - MINUTE_MS);
}

async function openStore(
  store: FileStore,
  options: CompositionOptions,
  { allowsEndpoint, time }: Shared,
): Promise<void> {
  const { config, previousKey, serverKey, telemetry } = options;
  const { endpoints, everything } = storeFiles(config.store.directory);
  const isFile = config.store.kind === 'file';
  const isForeign = (await store.open()) === 'foreign';
  if (isClockDoubtful(time.clock(), store.contents.latestAt)) time.doubtStart();
  if (isFile && isForeign) {
    throw new StoreOpenError(`${everything} is no store of this program; move it away. Nothing was changed`);
  }
  if (!isFile && (await isThere(everything))) {
    const message = `STORE=memory leaves ${everything} unread; its registrations need STORE=file`;
    telemetry.log('config.warning', { message });
  }
  // With `STORE=memory`, `store.open` has read the endpoints file, unless the Rust server wrote it.
  if (!isFile && !isForeign) return;
  await importEndpoints({
    path: endpoints,
    keys: [serverKey, previousKey].flatMap((key) => (key === undefined ? [] : [key.privateKey])),
    lifetime: config.registrations.lifetime,
    allowsEndpoint,
    clock: time.clock,
    telemetry,
    adopt: (registrations) => store.adopt(registrations),
  });
  // Its registrations are in `store.json` now.
  if (isFile) await rm(endpoints, { force: true });
}

/**
 * Whether the clock at the start does not fit the records: it is before the latest one, or so long after it that the clock may be wrong.
 * Nothing expires then until a witness agrees with the clock.
 */
function isClockDoubtful(now: number, latestAt: number): boolean {
  return latestAt !== -Infinity && (now < latestAt - MINUTE_MS || now > latestAt + LONGEST_STOP_MS);
}
