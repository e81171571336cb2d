import { link, readFile, rm } from 'node:fs/promises';

import type { Registration } from '../../core/registry/registration.ts';
import type { Secret } from '../../core/basics/secret.ts';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import { readIncumbentEndpoints, type IncumbentOptions } from './incumbent-endpoints.ts';
import { openDocument } from '../file/open-document.ts';
import { StoreOpenError } from '../file/store-open-error.ts';

const SET_ASIDE = '.incumbent';

export interface ImportOptions extends IncumbentOptions {
  /** The endpoints file. */
  readonly path: string;
  readonly keys: readonly Secret<Uint8Array>[];
  readonly telemetry: Telemetry;
  /** Makes the registrations durable, in another file or in place of this one. */
  readonly adopt: (registrations: Iterable<Registration>) => Promise<void>;
}

/**
 * Reads an endpoints file that `STORE=memory` or the Rust server has left, and hands its registrations to `adopt`. If some entries of the
 * Rust server's file cannot be used, a copy of the whole file stays beside it: nothing is lost.
 *
 * @throws StoreOpenError if the file is neither of the two
 */
export async function importEndpoints({
  adopt,
  path,
  keys,
  lifetime,
  allowsEndpoint,
  clock,
  telemetry,
}: ImportOptions): Promise<void> {
  const found = new Map<string, Registration>();
  const document = await openDocument(path, keys, (record) => {
    if (record.type === 'registered') found.set(record.registration.tradePubkey, record.registration);
    else if (record.type === 'removed') found.delete(record.tradePubkey);
  });
  if (document === undefined) return;
  if (document !== 'foreign') {
    await adopt(found.values());
    telemetry.log('store.imported', { count: found.size });
    return;
  }
  const incumbent = readIncumbentEndpoints(await readFile(path, 'utf8'), {
    lifetime,
    allowsEndpoint,
    clock,
  });
  if (incumbent === undefined) {
    throw new StoreOpenError(
      `${path} holds neither this program's endpoints nor the Rust server's; move it away. Nothing was changed`,
    );
  }
  if (incumbent.unusable > 0) {
    // A link and not a rename: after a crash the file is still in its place, until the new one replaces it.
    await rm(path + SET_ASIDE, { force: true });
    await link(path, path + SET_ASIDE);
    telemetry.log('store.set_aside', { count: incumbent.unusable });
  }
  await adopt(incumbent.registrations);
  telemetry.log('store.imported', { count: incumbent.registrations.length });
}
