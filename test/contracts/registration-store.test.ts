import { MemoryRegistrations } from '../../src/store/tables/memory-registrations.ts';
import { openFileStore } from '../support/file-store.ts';
import { tempDirectory } from '../support/temp-directory.ts';
import { registrationCapacityContract } from './registration-capacity.contract.ts';
import { registrationKeysContract } from './registration-keys.contract.ts';
import { registrationModelContract } from './registration-model.contract.ts';
import { registrationOwnershipContract } from './registration-ownership.contract.ts';
import { registrationStoreContract, type CreateRegistrationStore } from './registration-store.contract.ts';

const inMemory: CreateRegistrationStore = async (options) => new MemoryRegistrations(options);
const inAFile: CreateRegistrationStore = async (options) => {
  const { store } = await openFileStore(await tempDirectory(), options);
  return store.contents.registrations;
};

registrationStoreContract('in memory', inMemory);
registrationCapacityContract('in memory', inMemory);
registrationKeysContract('in memory', inMemory);
registrationModelContract('in memory', inMemory, 200);
registrationOwnershipContract('in memory', inMemory);

registrationStoreContract('in a file', inAFile);
registrationCapacityContract('in a file', inAFile);
// Fewer changes, since each waits for its group commit.
registrationModelContract('in a file', inAFile, 40);
registrationKeysContract('in a file', inAFile);
registrationOwnershipContract('in a file', inAFile);
