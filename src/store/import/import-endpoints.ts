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
  /** Makes the registrations durable, elsewhere or in the file's place. */
  readonly adopt: (registrations: Iterable<Registration>) => Promise<void>;
}

/**
 * Takes over the endpoints file that another store has left: the one of `STORE=memory`, or the Rust server's own. What of the
 * latter cannot be used is set aside with the whole file, and never thrown away.
 *
 * @throws StoreOpenError for a file that is neither
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
    // A link and no move: a crash leaves the file in its place until its successor takes it.
    await rm(path + SET_ASIDE, { force: true });
    await link(path, path + SET_ASIDE);
    telemetry.log('store.set_aside', { count: incumbent.unusable });
  }
  await adopt(incumbent.registrations);
  telemetry.log('store.imported', { count: incumbent.registrations.length });
}
