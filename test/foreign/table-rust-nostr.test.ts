import { foreignTable } from '../support/foreign-table.ts';
import { RUST_NOSTR } from '../support/relay-makes.ts';

foreignTable(RUST_NOSTR, { burst: 4000, standstills: [0, 3400], drops: true, compares: true });
