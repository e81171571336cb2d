import { describe } from 'vitest';

import { ForeignRelay } from './foreign-relay.ts';
import { isInstalled, type RelayMake } from './relay-makes.ts';
import { relayTable } from './relay-table.ts';
import type { TableOptions } from './relay-table-scene.ts';

/** The table of relays, for a relay by other authors, if it is installed. */
export function foreignTable(make: RelayMake, options: Omit<TableOptions, 'name' | 'has' | 'start'>): void {
  const { has, installedBy, name } = make;
  describe.skipIf(!isInstalled(make))(`a relay that nobody here wrote (${installedBy} installs it)`, () => {
    relayTable({ ...options, name, has, start: (settings) => ForeignRelay.start(settings, make) });
  });
}
