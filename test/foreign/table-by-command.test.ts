import { foreignTable } from '../support/foreign-table.ts';
import { relayByCommand } from '../support/relay-makes.ts';

// A relay that is tried by hand.
foreignTable(relayByCommand(), { burst: 1000, standstills: [3400] });
