import { spawn } from 'node:child_process';

import { SECOND_MS } from '../core/basics/clock.ts';
import { unixDatagrams, type SendDatagram } from '../lib/unix-datagram.ts';
import type { Io } from './io.ts';

/** How often the status is looked at where no watchdog waits. */
const LOOK_MS = 10 * SECOND_MS;
/** The watchdog hears from the event loop this many times in its time. */
const PINGS = 3;

/**
 * Takes the lines of a message (sd_notify(3)). @returns false if they must be said again
 */
type Say = (lines: readonly string[]) => boolean;

/**
 * systemd, where it started this process as a service of `Type=notify`. It hears when the server serves, what the server's readiness says,
 * that the event loop is alive, and that a stop has begun. Without systemd every call does nothing.
 */
export class ServiceManager implements Disposable {
  readonly #say: Say | undefined;
  readonly #everyMs: number;
  readonly #hasWatchdog: boolean;
  readonly #status: () => string;
  #timer: NodeJS.Timeout | undefined;
  #said = '';
  #unsaid: readonly string[] = [];

  private constructor(say: Say | undefined, watchdogMs: number | undefined, status: () => string) {
    this.#say = say;
    this.#hasWatchdog = watchdogMs !== undefined;
    this.#everyMs = watchdogMs === undefined ? LOOK_MS : watchdogMs / PINGS;
    this.#status = status;
  }

  /**
   * @param status one line about the server's state, for `systemctl status`
   * @param overrides.datagrams for tests: how datagrams are sent, if they can be
   */
  static async find(
    { environment, pid }: Pick<Io, 'environment' | 'pid'>,
    status: () => string,
    { datagrams = unixDatagrams }: { datagrams?: typeof unixDatagrams } = {},
  ): Promise<ServiceManager> {
    const { NOTIFY_SOCKET: path, WATCHDOG_PID: watched, WATCHDOG_USEC: microseconds } = environment;
    if (path === undefined || path === '') return new ServiceManager(undefined, undefined, status);
    const isWatched = watched === undefined || watched === String(pid);
    const watchdogMs = Number(microseconds) / SECOND_MS;
    return new ServiceManager(
      speaker(path, environment, await datagrams()),
      isWatched && watchdogMs > 0 ? watchdogMs : undefined,
      status,
    );
  }

  /** The server serves. From now on the event loop is watched. */
  ready(): void {
    if (this.#say === undefined) return;
    this.#tell('READY=1');
    this.#look();
    this.#timer = setInterval(() => this.#look(), this.#everyMs);
  }

  /** A stop has begun and may take this long. */
  stopping(ms: number): void {
    this[Symbol.dispose]();
    this.#tell('STOPPING=1', 'STATUS=stopping', `EXTEND_TIMEOUT_USEC=${ms * SECOND_MS}`);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const status = this.#status();
    const isNews = status !== this.#said;
    this.#said = status;
    const lines = [...(this.#hasWatchdog ? ['WATCHDOG=1'] : []), ...(isNews ? [`STATUS=${status}`] : [])];
    this.#tell(...lines);
  }

  /** A message that systemd does not take, because it is busy, goes with the next one. */
  #tell(...lines: string[]): void {
    const all = [...this.#unsaid, ...lines];
    if (all.length === 0) return;
    this.#unsaid = this.#say?.(all) === false ? all : [];
  }
}

/** Where no datagram can be sent, the command `systemd-notify` sends it, which every machine with systemd has. */
function speaker(path: string, environment: Io['environment'], send: SendDatagram | undefined): Say {
  if (send !== undefined) return (lines) => send(path, lines.join('\n'));
  return (lines) => {
    const command = spawn('systemd-notify', [...lines], { env: { ...environment }, stdio: 'ignore' });
    // Without the command, systemd hears nothing and ends the start after TimeoutStartSec.
    command.on('error', () => undefined).unref();
    return true;
  };
}
