import { MemoryRegistrations } from '../../src/store/memory-registrations.ts';
import { registrationCapacityContract } from './registration-capacity.contract.ts';
import { registrationKeysContract } from './registration-keys.contract.ts';
import { registrationModelContract } from './registration-model.contract.ts';
import { registrationOwnershipContract } from './registration-ownership.contract.ts';
import { registrationStoreContract, type CreateRegistrationStore } from './registration-store.contract.ts';

const inMemory: CreateRegistrationStore = async (options) => new MemoryRegistrations(options);

registrationStoreContract('in memory', inMemory);
registrationCapacityContract('in memory', inMemory);
registrationKeysContract('in memory', inMemory);
registrationModelContract('in memory', inMemory);
registrationOwnershipContract('in memory', inMemory);
