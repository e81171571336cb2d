import { foreignTable } from '../support/foreign-table.ts';
import { NOSTR_RS_RELAY } from '../support/relay-makes.ts';

foreignTable(NOSTR_RS_RELAY, { burst: 4000, standstills: [3400] });
