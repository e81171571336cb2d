import { foreignTable } from '../support/foreign-table.ts';
import { NOSTR_RELAY } from '../support/relay-makes.ts';

foreignTable(NOSTR_RELAY, { burst: 1000, standstills: [3400], unstated: [3] });
