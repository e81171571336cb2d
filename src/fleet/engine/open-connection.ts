import { createHash } from 'node:crypto';

import { Connection, type Request } from './connection.ts';
import { deadline } from './deadline.ts';
import type { EngineArgument, EngineReply } from './engine.ts';
import { CHECK_RIGHTS } from './check-rights.ts';
import type { EngineAddress } from './engine-address.ts';
import { EngineRefused, EngineUnavailable, ScriptError } from './engine-errors.ts';
import { objectionTo, readFacts, type EngineFacts } from './engine-facts.ts';
import { CUT, explainRefusal } from './engine-failure.ts';
import type { Forms } from './forms.ts';
import type { FleetNames } from './names.ts';
import { markerArguments, readMarker, TAKE_MARKER, type Marker } from './take-marker.ts';

/** A connection that is ready for commands. */
export interface OpenedConnection {
  readonly connection: Connection;
  readonly facts: EngineFacts;
  /** Absent if the database is unmarked, and was only looked at. */
  readonly marker: Marker | undefined;
}

export interface OpenOptions {
  readonly address: EngineAddress;
  readonly names: FleetNames;
  /** How long the TCP and TLS connection may take, in milliseconds. */
  readonly dialLimitMs: number;
  /** How long the engine may take to answer. An engine that is slower than its commands may be does not count as working. */
  readonly answerLimitMs: number;
  readonly forms: Forms;
  /** What the marker said before. */
  readonly known?: Marker | undefined;
  /** Gives up. */
  readonly signal: AbortSignal;
  /** Leaves an unmarked database unmarked. */
  readonly isLook?: true;
}

/** Dials, names the user, chooses the database, and checks what the engine is. @throws EngineRefused, EngineUnavailable */
export async function openConnection(options: OpenOptions): Promise<OpenedConnection> {
  const connection = await Connection.dial(options.address, options.dialLimitMs, options.signal);
  const cancel = deadline(options.answerLimitMs, () => connection.lose('it does not answer in time'));
  const giveUp = (): void => connection.lose('it was closed');
  options.signal.addEventListener('abort', giveUp);
  try {
    return { connection, ...(await greet(connection, options)) };
  } catch (error) {
    connection.close('it is not ready');
    if (connection.refusal !== undefined) throw connection.refusal;
    if (error instanceof ScriptError) throw explainRefusal(error.text.reveal(), options.names.prefix);
    // An engine with TLS says nothing to a client without. Neither does a proxy that has no engine at this moment.
    const isWordless = !options.address.tls && connection.bytesRead === 0;
    if (isWordless && error instanceof EngineUnavailable && error.message === CUT)
      throw new EngineUnavailable(`${CUT}; an engine with TLS is at rediss://`);
    throw error;
  } finally {
    cancel();
    options.signal.removeEventListener('abort', giveUp);
  }
}

/**
 * Sends the first commands together: on a long way each would take its time. Of several failures the first one counts: the others follow from
 * it. A server that does not know the database yet marks it after all checks: a start that is refused leaves it as it is.
 */
async function greet(
  connection: Connection,
  { address, forms, isLook, known, names }: OpenOptions,
): Promise<Omit<OpenedConnection, 'connection'>> {
  const { database, password, user } = address;
  const requests: Request[] = [];
  const ask = (name: string, ...args: EngineArgument[]): Promise<EngineReply> =>
    new Promise((resolve, reject) => requests.push({ name, args, resolve, reject }));
  const takeMarker = (): Promise<EngineReply> =>
    ask('EVAL', TAKE_MARKER.lua, 1, names.marker, ...markerArguments(names.check, forms, known));
  const asked = Promise.allSettled([
    password === undefined
      ? undefined
      : ask('AUTH', ...(user === undefined ? [] : [user]), password.reveal()),
    ask('INFO'),
    database === 0 ? undefined : ask('SELECT', String(database)),
    ask('EVAL', CHECK_RIGHTS.lua, 1, names.probe),
    ask('EVALSHA', hashOf(CHECK_RIGHTS.lua), 1, names.probe),
    ask('XREAD', 'STREAMS', names.probe, '0'),
  ]);
  const early = isLook ? ask('HGETALL', names.marker) : known && takeMarker();
  // What fails before counts.
  early?.catch(() => undefined);
  connection.send(requests.splice(0), () => undefined);
  const [named, info, chosen, rights, cached, read] = await asked;
  if (named.status === 'rejected') throw named.reason;
  if (info.status === 'rejected') throw info.reason;
  const facts = readFacts(String(info.value));
  const objection = objectionTo(facts);
  if (objection !== undefined) throw objection;
  for (const other of [chosen, rights, cached, read]) if (other.status === 'rejected') throw other.reason;
  const taken = early ?? takeMarker();
  if (early === undefined) connection.send(requests, () => undefined);
  const marker = await taken.catch((error: unknown) => {
    throw noMarker(error, database);
  });
  const fields = isLook ? markerIn(marker) : marker;
  if (fields === undefined) return { facts, marker: undefined };
  return { facts, marker: readMarker(fields, { check: names.check, database, forms }) };
}

/** The fields of the marker, as {@link TAKE_MARKER} answers them; `undefined` if there is none. @param all the answer to `HGETALL` */
function markerIn(all: EngineReply): EngineReply | undefined {
  const parts = Array.isArray(all) ? (all as readonly EngineReply[]) : [];
  if (parts.length === 0) return undefined;
  return ['check', 'form', 'epoch'].map((field) => {
    const at = parts.findIndex((part, n) => n % 2 === 0 && String(part) === field);
    return at === -1 ? null : (parts[at + 1] ?? null);
  });
}

/** A key of another kind has the marker's name. */
function noMarker(error: unknown, database: number): unknown {
  const isOtherKind = error instanceof ScriptError && error.text.reveal().includes('WRONGTYPE');
  return isOtherKind
    ? new EngineRefused(`its database ${database} has a key "mp" that is not of this program`)
    : error;
}

/** The name by which an engine knows a script that it has run. */
export function hashOf(lua: string): string {
  return createHash('sha1').update(lua).digest('hex');
}
