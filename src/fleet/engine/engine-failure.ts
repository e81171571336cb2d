import { CHECK_RIGHTS } from './check-rights.ts';
import { EngineRefused, EngineUnavailable, ScriptError } from './engine-errors.ts';

/** A pattern, what it means in words, and whether another configuration mends it. If not, time may. */
type Meaning = readonly [pattern: RegExp, words: string, isConfiguration?: 'configuration'];

export const CUT = 'it cut the connection off';
/** What answers is none of its answers, or longer than any of them. */
export const NO_ENGINE = 'what answers there is neither Redis nor Valkey; an engine with TLS is at rediss://';

/** Codes of errors from the system and from TLS. */
const DIAL_FAILURES: readonly Meaning[] = [
  [/^ECONNREFUSED$/, 'nothing listens at its port'],
  [/^(?:ENOTFOUND|EAI_NODATA|EAI_NONAME)$/, 'there is no such name in the DNS'],
  [/^(?:EAI_.*|E(?:SERVFAIL|REFUSED))$/, 'the DNS does not answer'],
  [/^ETIMEDOUT$/, 'it does not answer'],
  [/^(?:ECONNRESET|EPIPE|ECONNABORTED)$/, CUT],
  [/^E(?:HOSTUNREACH|NETUNREACH|HOSTDOWN|NETDOWN)$/, 'there is no way to its address'],
  [/^CERT_HAS_EXPIRED$/, 'its certificate has expired, or the clock of this machine is wrong'],
  [/^CERT_NOT_YET_VALID$/, 'its certificate is not valid yet, or the clock of this machine is wrong'],
  [
    /^(?:ERR_TLS_CERT_ALTNAME_INVALID|HOSTNAME_MISMATCH)$/,
    'its certificate is for another name; write a name or an address into REDIS_URL that the certificate has (subjectAltName)',
    'configuration',
  ],
  [
    /^(?:DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_.*|CERT_UNTRUSTED)$/,
    'no authority that this machine knows has signed its certificate; name the file of its authority in NODE_EXTRA_CA_CERTS, which is read from the environment and not from .env',
    'configuration',
  ],
  [
    /^(?:ERR_SSL_(?:WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG)|EPROTO)$/,
    'it does not speak TLS; an engine without TLS is at redis://',
    'configuration',
  ],
  [
    /^ERR_SSL_(?:TLSV1_?3?_ALERT_CERTIFICATE_REQUIRED|SSLV3_ALERT_HANDSHAKE_FAILURE)$/,
    'it asks for a certificate of this server, which has none; set tls-auth-clients no in its configuration',
    'configuration',
  ],
  [/^(?:ERR_SSL_|CERT_)/, 'TLS with it fails', 'configuration'],
];

/** Answers to the first commands of a connection. */
const REFUSALS: readonly Meaning[] = [
  [/^WRONGPASS/, 'it refuses the user and the password', 'configuration'],
  [/^NOAUTH/, 'it asks for a password', 'configuration'],
  [/^ERR AUTH .*without any password/, 'it has no password, and REDIS_URL has one', 'configuration'],
  [
    /^DENIED/,
    'it is in protected mode: it serves other machines only with a password, or with protected-mode off',
    'configuration',
  ],
  [
    /^ERR SELECT is not allowed in cluster mode/,
    'it is part of a cluster; give the address of an engine that is not',
    'configuration',
  ],
  [/^ERR .*DB index/, 'it has no database of this number', 'configuration'],
  [/^ERR max number of clients/, 'it takes no further connections (maxclients)'],
];

/** Answers that mean: the engine takes no changes now, whatever is asked. */
const HELPLESS: ReadonlyMap<string, string> = new Map([
  ['READONLY', 'it is a replica, which takes no changes'],
  ['MASTERDOWN', 'it is a replica, which takes no changes'],
  ['OOM', 'its memory is full (maxmemory)'],
  ['MISCONF', 'it cannot write to its disk'],
  ['NOREPLICAS', 'it has too few replicas to take changes (min-replicas-to-write)'],
  ['LOADING', 'it is loading its data'],
  ['BUSY', 'it is busy with a script'],
  ['NOAUTH', 'it asks for a password'],
  ['NOPERM', 'its ACL does not let the user run a command'],
]);

/** Why the engine takes no changes now, if an error says so. */
export function helplessness(error: unknown): string | undefined {
  return error instanceof ScriptError ? HELPLESS.get(error.code) : undefined;
}

/** What a failed dialling, or the loss of a connection, means. */
export function explainDialFailure(error: unknown, tls = false): EngineRefused | EngineUnavailable {
  const { code } = error as { code?: unknown };
  // An engine without TLS waits for the end of the line.
  if (code === 'ETIMEDOUT' && tls)
    return new EngineUnavailable('it does not answer; an engine without TLS is at redis://');
  if (typeof code === 'string') {
    const meaning = DIAL_FAILURES.find(([pattern]) => pattern.test(code));
    if (meaning !== undefined) return failureOf(meaning);
  }
  return new EngineUnavailable(CUT);
}

/**
 * What an error in the answer to one of the first commands means.
 *
 * @param text the engine's own, which is not shown
 * @param prefix begins this fleet's keys
 */
export function explainRefusal(text: string, prefix: string): EngineRefused | EngineUnavailable {
  const forbidden = forbiddenCommand(text);
  if (forbidden !== undefined) return new EngineRefused(`its ACL does not let the user run ${forbidden}`);
  if (/^NOPERM|\bone of the keys\b/.test(text))
    return new EngineRefused(`its ACL must let the user at the keys mp and ${prefix}*`);
  const meaning = REFUSALS.find(([pattern]) => pattern.test(text));
  if (meaning !== undefined) return failureOf(meaning);
  return new EngineUnavailable(helplessness(new ScriptError(text)) ?? 'it answers with an error');
}

/** The command that the user may not run. Some engines name only the line of the script. */
function forbiddenCommand(text: string): string | undefined {
  const named = /\bno permissions to run the '([\w|]{1,32})'/.exec(text)?.[1];
  if (named !== undefined) return named.toUpperCase();
  const line = /can't run this command\b.*\buser_script:(\d{1,3})/.exec(text)?.[1];
  return line === undefined
    ? undefined
    : /call\('(\w+)'/.exec(CHECK_RIGHTS.lua.split('\n')[Number(line) - 1] ?? '')?.[1];
}

function failureOf([, words, isConfiguration]: Meaning): EngineRefused | EngineUnavailable {
  return isConfiguration === undefined ? new EngineUnavailable(words) : new EngineRefused(words);
}
