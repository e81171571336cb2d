import type { EngineArgument, EngineReply, Script } from '../../src/fleet/engine/engine.ts';
import type { RedisEngine } from '../../src/fleet/engine/redis-engine.ts';
import { fleetNames, openEngine } from './fleet-engine.ts';
import { EngineServer, type EngineProgram } from './redis-engine.ts';

const LEASE_MS = 60_000;

/** A name of 16 bytes, or the id of a session: 8. */
export function bytesOf(text: string, length = 16): Buffer {
  return Buffer.from(text.padEnd(length, '.'), 'latin1').subarray(0, length);
}

/** The scripts of `src/fleet/claims` at a real engine, and what they leave there. Bytes are shown as latin1. */
export class ClaimScripts {
  readonly names = fleetNames();
  readonly server: EngineServer;
  readonly #engine: RedisEngine;

  private constructor(server: EngineServer, engine: RedisEngine) {
    this.server = server;
    this.#engine = engine;
  }

  /** @param live sessions that live */
  static async open(program: EngineProgram, ...live: readonly Buffer[]): Promise<ClaimScripts> {
    const server = await EngineServer.start({ program });
    const scripts = new ClaimScripts(server, await openEngine(server.address()));
    for (const [index, session] of live.entries())
      await scripts.revive(session, Date.now() - live.length + index);
    return scripts;
  }

  run(script: Script, ...args: EngineArgument[]): Promise<EngineReply> {
    return this.#engine.run(script, [this.names.prefix], args);
  }

  /** @returns the answer as text */
  async ask(script: Script, ...args: EngineArgument[]): Promise<string> {
    return shown(await this.run(script, ...args)) as string;
  }

  /** The session lives. @param score when it has beaten last */
  async revive(session: Buffer, score = Date.now()): Promise<void> {
    await this.server.command('SET', this.names.aliveKey(session), '', 'PX', LEASE_MS);
    await this.server.command('ZADD', this.names.members, score, session);
  }

  /** The lease of the session is over. */
  async expire(session: Buffer): Promise<void> {
    await this.server.command('DEL', this.names.aliveKey(session));
  }

  /** The members with their scores. */
  async members(): Promise<unknown> {
    return shown(await this.server.commandBuffer('ZRANGE', this.names.members, 0, -1, 'WITHSCORES'));
  }

  /** How a claim stands. */
  async claim(name: Buffer): Promise<unknown> {
    return shown(await this.server.commandBuffer('GET', this.names.claimKey(name)));
  }

  async lease(group: Buffer): Promise<unknown> {
    return shown(await this.server.commandBuffer('GET', this.names.leaseKey(group)));
  }

  /** What a session has pending: names and values in turn. */
  async pending(session: Buffer): Promise<unknown> {
    return shown(await this.server.commandBuffer('HGETALL', this.names.pendingKey(session)));
  }

  /** What is in the inbox of a session: the fields of each entry. */
  async inbox(session: Buffer): Promise<unknown> {
    const entries = await this.server.commandBuffer('XRANGE', this.names.inboxKey(session), '-', '+');
    return (entries as [Buffer, Buffer[]][]).map(([, fields]) => shown(fields));
  }

  /** How long a key still has, in milliseconds. */
  async life(key: Buffer): Promise<number> {
    return Number(await this.server.command('PTTL', key));
  }
}

/** An answer with its bytes as latin1. */
export function shown(reply: unknown): unknown {
  if (Buffer.isBuffer(reply)) return reply.toString('latin1');
  return Array.isArray(reply) ? reply.map(shown) : reply;
}
