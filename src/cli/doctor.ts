import { ConfigError } from '../config/config.ts';
import { CREDENTIALS } from '../config/credentials.ts';
import { ClockSkew } from '../core/watch/clock-skew.ts';
import { generatePrivateKey } from '../crypto/server-key.ts';
import { userAgent } from '../lib/user-agent.ts';
import { actAsOwner } from './data-owner.ts';
import { checkFcm } from './doctor/check-fcm.ts';
import { checkClock, checkDataDirectory, checkDns, checkLogFile } from './doctor/check-machine.ts';
import { checkPublicUrl } from './doctor/check-public-url.ts';
import { checkRelays } from './doctor/check-relays.ts';
import { checkServer } from './doctor/check-server.ts';
import { whoListens } from './doctor/identity.ts';
import { tryStart } from './doctor/try-start.ts';
import { checkWebPush } from './doctor/check-web-push.ts';
import { alarmed, failure, ok, warning, type Finding, type Verdict } from './doctor/finding.ts';
import { WayOut } from '../net/way-out.ts';
import { checkWayOut } from './doctor/check-way-out.ts';
import { loadEnvironment } from './environment.ts';
import type { Io } from './io.ts';
import { loadStartup, type Startup } from './load-startup.ts';

const KEY_FILES = new Set<string>(CREDENTIALS);

type Environment = Readonly<Record<string, string | undefined>>;

interface Reading {
  readonly startup: Startup;
  /** The variables that are not usable. The other checks use their defaults. */
  readonly wrong: ReadonlySet<string>;
  readonly findings: readonly Finding[];
}

/**
 * `doctor`: tries everything that the server depends on, and prints a finding for each thing, with a remedy if it needs one.
 *
 * @returns the exit code: 78 if the configuration is not usable, 1 if anything else costs wakes, 0 otherwise
 */
export async function doctor(io: Io): Promise<number> {
  const { findings: ofConfig, startup, wrong } = await readAsFarAsPossible(io);
  const { config, serverKey, serviceAccount } = startup;
  const tell = (findings: readonly Finding[]): void => findings.forEach((finding) => io.print(line(finding)));
  tell(ofConfig);
  const skew = new ClockSkew(Date.now, () => performance.now());
  const agent = userAgent(io.version);
  const running = await whoListens(config, serverKey?.publicKeyHex, io.version);
  const wayOut = new WayOut(config.outgoing);
  const fcm = {
    config: config.fcm,
    account: serviceAccount,
    isKeyFileBad: CREDENTIALS.some((name) => wrong.has(name)),
    skew,
    userAgent: agent,
    wayOut,
  };
  const tried = await Promise.all([
    checkDns(config, serviceAccount?.tokenUri, wayOut),
    checkRelays(config, serverKey, skew, agent, wayOut),
    checkFcm(fcm),
    checkWebPush(config, wrong),
    checkWayOut(config, wayOut, serviceAccount?.tokenUri),
    checkDataDirectory(config.dataDirectory),
    checkLogFile(config.log.file),
    tryStart(startup, running, io.version),
    checkPublicUrl(config.http.publicUrl, serverKey?.publicKeyHex, io.version),
  ]);
  const found = [...ofConfig, ...tried.flat(), checkClock(skew)];
  tell(found.slice(ofConfig.length));
  const known = new Set(found.map(({ title }) => title));
  const ofServer = await checkServer(config.admin, known, io.version);
  tell(ofServer);
  return conclude(io, [...found, ...ofServer], wrong.size > 0);
}

/** Reads the configuration. A wrong variable becomes a finding and is replaced by its default, so that everything else can be checked. */
async function readAsFarAsPossible(io: Io): Promise<Reading> {
  const loaded = await loadEnvironment(io.directory, io.environment);
  await actAsOwner(io, loaded.variables, 'read');
  const findings = loaded.warnings.map((says) => warning('configuration', `${says}.`));
  const wrong = new Set(loaded.problems.map(nameIn));
  findings.push(...loaded.problems.map((problem) => ofProblem(nameIn(problem), problem)));
  for (let { variables } = loaded; ; variables = without(variables, wrong)) {
    try {
      const startup = await loadStartup(variables, { createKey: false });
      if (wrong.size === 0) findings.push(ok('configuration', 'Every variable is usable.'));
      findings.push(
        ...ofServerKey(startup, wrong),
        ...startup.warnings.map((says) => warning('configuration', `${says}.`)),
      );
      return { startup, wrong, findings };
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      const before = wrong.size;
      for (const problem of error.problems) {
        const name = nameIn(problem);
        if (wrong.has(name)) continue;
        wrong.add(name);
        findings.push(ofProblem(name, problem));
      }
      // Every wrong variable has its default already, so the problem lies elsewhere.
      if (wrong.size === before) throw error;
    }
  }
}

/** The variable that a problem is about. */
function nameIn(problem: string): string {
  return /^[A-Z_]+/.exec(problem)?.[0] ?? problem;
}

function without(variables: Environment, names: ReadonlySet<string>): Environment {
  const left = Object.fromEntries(Object.entries(variables).filter(([name]) => !names.has(name)));
  const lacksKey = names.has('SERVER_PRIVATE_KEY') || names.has('SERVER_PRIVATE_KEY_FILE');
  return lacksKey ? { ...left, SERVER_PRIVATE_KEY: generatePrivateKey() } : left;
}

function ofProblem(name: string, problem: string): Finding {
  return KEY_FILES.has(name)
    ? alarmed('bad key file', `${problem}.`)
    : failure('configuration', `${problem}.`);
}

/** A missing key is a finding of the trial of the start. */
function ofServerKey({ config, serverKey }: Startup, wrong: ReadonlySet<string>): Finding[] {
  const title = 'server key';
  if (wrong.has('SERVER_PRIVATE_KEY') || wrong.has('SERVER_PRIVATE_KEY_FILE'))
    return [
      failure(
        title,
        'It is not usable, see above.',
        'clients seal their tokens to it: bring back the file from its copy',
      ),
    ];
  if (serverKey === undefined) return [];
  const where = config.key.privateKey === undefined ? config.key.file : 'SERVER_PRIVATE_KEY';
  return [ok(title, `It is in ${where}; its public key is ${serverKey.publicKeyHex}.`)];
}

const MARKS: Readonly<Record<Verdict, string>> = {
  ok: 'ok     ',
  warning: 'WARNING',
  failure: 'FAILURE',
  skipped: '-      ',
};

function line({ remedy, says, title, verdict }: Finding): string {
  const advice = remedy === undefined ? '' : `\n           -> ${remedy}`;
  return `${MARKS[verdict]}  ${title}: ${says}${advice}\n`;
}

function conclude(io: Io, findings: readonly Finding[], isMisconfigured: boolean): number {
  const count = (verdict: Verdict): number =>
    findings.filter((finding) => finding.verdict === verdict).length;
  const failures = count('failure');
  io.print(`\n${failures} failures, ${count('warning')} warnings, ${count('ok')} in order.\n`);
  if (isMisconfigured || findings.some(({ exitCode }) => exitCode === 78)) return 78;
  return failures > 0 ? 1 : 0;
}
