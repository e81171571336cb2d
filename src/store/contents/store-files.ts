import { join } from 'node:path';

/** Where a store is in `DATA_DIR`. */
export interface StoreFiles {
  /** All that `STORE=file` holds. */
  readonly everything: string;
  /** The UnifiedPush endpoints that `STORE=memory` keeps: the file that the Rust server has, too. */
  readonly endpoints: string;
}

export function storeFiles(directory: string): StoreFiles {
  return {
    everything: join(directory, 'store.json'),
    endpoints: join(directory, 'unifiedpush_endpoints.json'),
  };
}
