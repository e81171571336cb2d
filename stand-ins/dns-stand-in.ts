import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';

import { Arrivals } from './arrivals.ts';

interface Query {
  readonly name: string;
  readonly type: 'A' | 'AAAA';
}

/** The addresses of a name, of both families; `undefined` where there is no such name. */
type Zone = (query: Query) => readonly string[] | undefined;

const TYPES = { A: 1, AAAA: 28 } as const;
const HEADER_BYTES = 12;
const NO_SUCH_NAME = 3;
const AUTHORITATIVE_ANSWER = 0x8400;

/** A name server (RFC 1035, over UDP only). The test decides every answer, and can change it from one question to the next. */
export class DnsStandIn implements AsyncDisposable {
  readonly queries = new Arrivals<Query>();
  /** As `dns.Resolver` wants it. */
  readonly address: string;
  readonly #socket: Socket;
  readonly #zone: Zone;

  private constructor(socket: Socket, zone: Zone) {
    this.#socket = socket;
    this.#zone = zone;
    this.address = `127.0.0.1:${socket.address().port}`;
    socket.on('message', (message, { port, address }) => socket.send(this.#answer(message), port, address));
  }

  static async start(zone: Zone): Promise<DnsStandIn> {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new DnsStandIn(socket, zone);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await once(this.#socket, 'close');
  }

  #answer(message: Buffer): Buffer {
    const { name, end } = readName(message);
    const question = message.subarray(HEADER_BYTES, end + 4);
    const type = message.readUInt16BE(end) === TYPES.AAAA ? 'AAAA' : 'A';
    this.queries.push({ name, type });
    const addresses = this.#zone({ name, type });
    const wanted = (addresses ?? []).filter((address) => isIPv6(address) === (type === 'AAAA'));
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt16BE(message.readUInt16BE(0), 0);
    header.writeUInt16BE(AUTHORITATIVE_ANSWER | (addresses === undefined ? NO_SUCH_NAME : 0), 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(wanted.length, 6);
    return Buffer.concat([header, question, ...wanted.map((address) => record(address, TYPES[type]))]);
  }
}

function readName(message: Buffer): { name: string; end: number } {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.'), end: at + 1 };
}

/** A resource record for the name in the question, with a time to live of 0. */
function record(address: string, type: number): Buffer {
  const data = type === TYPES.AAAA ? ipv6Bytes(address) : Buffer.from(address.split('.').map(Number));
  const head = Buffer.alloc(HEADER_BYTES);
  head.writeUInt16BE(0xc000 | HEADER_BYTES, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

function ipv6Bytes(address: string): Buffer {
  // A URL writes an IPv6 address in hexadecimal groups only, even if its end was written as IPv4.
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const [first, last] = [groups(head), groups(tail ?? '')];
  const zeros = Array.from({ length: 8 - first.length - last.length }, () => '0');
  return Buffer.from([...first, ...zeros, ...last].map((group) => group.padStart(4, '0')).join(''), 'hex');
}

function groups(text: string): string[] {
  return text === '' ? [] : text.split(':');
}
