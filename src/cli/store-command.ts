import { cannotRead } from '../lib/cannot-read.ts';
import { ConfigError, type Config } from '../config/config.ts';
import type { Secret } from '../core/basics/secret.ts';
import { explainProblem } from '../store/file/open-document.ts';
import { DocumentProblem } from '../store/file/read-document.ts';
import { StoreOpenError } from '../store/file/store-open-error.ts';
import { storeFiles } from '../store/contents/store-files.ts';
import { surveyStore, type StoreSurvey } from '../store/file/survey-store.ts';
import type { Io } from './io.ts';
import { resealStore } from './reseal-store.ts';
import { openCommandFleet } from './command-fleet.ts';
import { readStartup, type ReadStartup } from './read-startup.ts';
import { exportLines } from './store-export.ts';
import { fleetInfo, storeInfo } from './store-info.ts';

export type StoreCommand = 'store info' | 'store verify' | 'store reseal' | 'store export';

/**
 * `store …`: reads the store that the configuration names, or seals it again.
 *
 * @returns the exit code: 1 if there is no store or if it is damaged
 * @throws ConfigError, StoreOpenError
 */
export async function storeCommand(io: Io, command: StoreCommand): Promise<number> {
  const startup = await readStartup(io, {
    createKey: false,
    use: command === 'store reseal' ? 'write' : 'read',
  });
  const { config, previousKey, serverKey } = startup;
  if (config.store.kind === 'redis') return fleetCommand(io, command, startup);
  if (serverKey === undefined)
    throw new ConfigError([`${config.key.file}: there is no server key yet; the first start makes it`]);
  const previous = previousKey === undefined ? [] : [previousKey.privateKey];
  const keys = [serverKey.privateKey, ...previous] as const;
  const path = storePath(config);
  const survey = await look(path, keys);
  if (survey === undefined) {
    io.printError(`There is no ${path} yet.\n`);
    return 1;
  }
  if (survey.damage.length > 0) {
    const places = survey.damage.join(', ');
    io.printError(`${path} is damaged at byte ${places}; everything else can be read.\n`);
  }
  if (command === 'store info') io.print(storeInfo(path, config, survey));
  if (command === 'store export')
    for (const line of exportLines(survey.registrations.values())) io.print(line);
  if (survey.damage.length > 0) return 1;
  if (command === 'store verify')
    io.print(`${path} is intact: ${survey.document.frames} frames, every one opens.\n`);
  if (command === 'store reseal') {
    await resealStore(path, config, keys);
    io.print(`${path} is sealed again, with the server's present key.\n`);
  }
  return 0;
}

/** The same for what a fleet has in common. */
async function fleetCommand(io: Io, command: StoreCommand, startup: ReadStartup): Promise<number> {
  if (command === 'store reseal')
    throw new ConfigError(['STORE: redis is never sealed again; store copy makes a fleet of another key']);
  await using fleet = await openCommandFleet(startup, 'read');
  const illegible = fleet.illegible();
  if (illegible > 0) io.printError(`${fleet.place}: ${illegible} values cannot be read.\n`);
  if (command === 'store info') io.print(fleetInfo(fleet));
  if (command === 'store export')
    for (const line of exportLines(fleet.store.contents.registrations.entries())) io.print(line);
  if (illegible > 0) return 1;
  if (command === 'store verify') io.print(`${fleet.place}: every value opens.\n`);
  return 0;
}

function storePath({ store: { directory, kind } }: Config): string {
  const { endpoints, everything } = storeFiles(directory);
  return kind === 'file' ? everything : endpoints;
}

async function look(path: string, keys: readonly Secret<Uint8Array>[]): Promise<StoreSurvey | undefined> {
  try {
    return await surveyStore(path, keys);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    if (error instanceof DocumentProblem) throw explainProblem(path, error);
    throw code === undefined ? error : new StoreOpenError(cannotRead(path, code));
  }
}
