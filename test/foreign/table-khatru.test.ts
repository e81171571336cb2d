import { foreignTable } from '../support/foreign-table.ts';
import { KHATRU } from '../support/relay-makes.ts';

foreignTable(KHATRU, { burst: 4000, standstills: [3400], compares: false });
