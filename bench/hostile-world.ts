import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server } from 'node:net';

import { LoopbackServer } from '../stand-ins/loopback-server.ts';
import { devices, type Device } from './devices.ts';

/** How many endpoints do not answer. Each is at its own address, and so counts as its own push server. */
export const DEAD = 5000;
/** How many of these accept the connection and send nothing. The others refuse it. */
const TAR_PITS = 100;
/** How many push servers deliver, each at its own address. */
const HONEST_HOSTS = 20;
/** How many devices the push service refuses: enough for the rules that need three devices. */
const REFUSED = 3;

/** The beginning of the name of a topic without a subscriber. */
export const UNREAD = 'unread-';
/** The beginning of an iPhone's token in the benchmark. */
export const IPHONE = 'iphone-';

/** An address of the loopback network: 127.`block`.x.y. */
function address(block: number, n: number): string {
  return `127.${block + Math.floor(n / 50_000)}.${Math.floor((n % 50_000) / 200)}.${1 + (n % 200)}`;
}

/** Devices with these endpoints, in turn. */
function at(endpoints: readonly string[], count: number): Device[] {
  return devices(count).map(({ tradePubkey }, n) => {
    const endpoint = endpoints[n % endpoints.length] as string;
    return { tradePubkey, token: `${endpoint}${tradePubkey.slice(0, 24)}` };
  });
}

/**
 * The push servers of the scenario `hostile`, without TLS on the loopback network: those that deliver, and those of 5 000
 * dead endpoints, whose registrations cost their owner nothing.
 */
export class HostileWorld implements AsyncDisposable {
  /** Called for every push that an honest host accepts, with its endpoint. */
  onPush: (endpoint: string) => void = () => undefined;
  readonly #servers: LoopbackServer[] = [];
  #port = 0;

  static async begin(): Promise<HostileWorld> {
    const world = new HostileWorld();
    for (let n = 0; n < HONEST_HOSTS; n++) {
      const host = createHttpServer((request, response) => {
        request.resume();
        request.on('end', () => {
          world.onPush(`http://${request.headers.host}${request.url}`);
          response.writeHead(201).end();
        });
      });
      await world.#listen(host, address(100, n));
    }
    for (let n = 0; n < TAR_PITS; n++) {
      await world.#listen(
        createServer((socket) => void socket.on('error', () => undefined).resume()),
        address(120, n),
      );
    }
    return world;
  }

  /** This many devices at the hosts that deliver. */
  honest(count: number): Device[] {
    return at(
      Array.from({ length: HONEST_HOSTS }, (_, n) => `http://${address(100, n)}:${this.#port}/up/`),
      count,
    );
  }

  /** The devices at {@link DEAD} hosts. */
  dead(): Device[] {
    return at(
      Array.from({ length: DEAD }, (_, n) => `http://${address(120, n)}:${this.#port}/up/`),
      DEAD,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#servers.map((server) => server[Symbol.asyncDispose]()));
  }

  /** The port of all hosts: the free port that the first one got. */
  async #listen(server: Server, host: string): Promise<void> {
    const listening = await LoopbackServer.listen(server, this.#port, host);
    this.#port = listening.port;
    this.#servers.push(listening);
  }
}

/** Topics of the shared push server without a subscriber: it answers 507. */
export function unreadTopics(endpoints: string): Device[] {
  return at([`${endpoints}${UNREAD}`], REFUSED);
}

/** iPhones of a Firebase project without a key of Apple's: FCM answers 401, `THIRD_PARTY_AUTH_ERROR`. */
export function refusedPhones(): Device[] {
  return devices(REFUSED).map(({ tradePubkey, token }) => ({ tradePubkey, token: `${IPHONE}${token}` }));
}
