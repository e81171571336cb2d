import { join } from 'node:path';

/** The paths of the store's files in `DATA_DIR`. */
export interface StoreFiles {
  /** The file of `STORE=file`. */
  readonly everything: string;
  /** The file of `STORE=memory`, which keeps UnifiedPush endpoints only. The Rust server has its file at the same path. */
  readonly endpoints: string;
}

export function storeFiles(directory: string): StoreFiles {
  return {
    everything: join(directory, 'store.json'),
    endpoints: join(directory, 'unifiedpush_endpoints.json'),
  };
}
