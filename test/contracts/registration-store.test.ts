import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll } from 'vitest';

import { MemoryRegistrations } from '../../src/store/tables/memory-registrations.ts';
import { openFileStore } from '../support/file-store.ts';
import { joinFleet } from '../support/fleet-store.ts';
import { describeEngine, EngineServer } from '../support/redis-engine.ts';
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

describeEngine('with an engine', () => {
  let directory: string;
  let engine: EngineServer;
  let databases = 0;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'mostro-push-test-'));
    engine = await EngineServer.startIn(directory);
  });
  afterAll(async () => {
    await engine.kill();
    await rm(directory, { recursive: true, force: true });
  });
  const inAFleet: CreateRegistrationStore = async (options) => {
    const member = await joinFleet(engine.address({ database: databases++ }), options);
    return member.registrations;
  };

  registrationStoreContract('in a fleet', inAFleet);
  registrationCapacityContract('in a fleet', inAFleet);
  registrationModelContract('in a fleet', inAFleet, 10);
  registrationKeysContract('in a fleet', inAFleet);
  registrationOwnershipContract('in a fleet', inAFleet);
});
