import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';

import { LoopbackServer } from './loopback-server.ts';
import { selfSignedCertificate, type CertificateWishes } from './self-signed-certificate.ts';

/** Is in every answer, where a page, a path, a query or a password may be. It must never be shown. */
export const HIDDEN = 'hidden-in-an-answer';

/** What a host does in place of a WebSocket handshake. */
type Behaviour =
  | { readonly answers: string | Buffer; readonly scheme?: 'wss' }
  | { readonly does: 'end at once' | 'say nothing'; readonly scheme?: 'wss' }
  | {
      readonly certificate: CertificateWishes;
      readonly isTrusted?: boolean;
      /** Within TLS; absent: nothing. */
      readonly answers?: string;
      readonly scheme?: 'ws';
    }
  | { readonly url: string };

function http(status: number, headers: Readonly<Record<string, string>> = {}): { readonly answers: string } {
  const page = `<html>${HIDDEN}</html>`;
  const all = { ...headers, 'set-cookie': `a=${HIDDEN}`, 'content-length': page.length };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return { answers: `HTTP/1.1 ${status} ${HIDDEN}\r\n${lines.join('')}\r\n${page}` };
}

const moved = (status: number, location: string) => http(status, { location });
const waiting = (status: number, wait: string) => http(status, { 'retry-after': wait });

/** Hosts in the place of relays, by what they do. Each goes wrong in one way before a WebSocket is open. */
const BEHAVIOURS = {
  'answers 200': http(200),
  'answers 304': moved(304, `https://new.example/${HIDDEN}`),
  'answers 400': http(400),
  'answers 401': http(401),
  'answers 402': http(402),
  'answers 403': http(403),
  'answers 404': http(404),
  'answers 410': http(410),
  'answers 418': http(418),
  'answers 426': http(426),
  'answers 451': http(451),
  'answers 500': http(500),
  'answers 501': http(501),
  'answers 502': http(502),
  'answers 503': http(503),
  'answers 504': http(504),
  'answers 520': http(520),
  'answers 999': http(999),
  'answers 429': http(429),
  'answers 429, to wait 86 s': waiting(429, '86'),
  'answers 429, to wait until a year long past': waiting(429, 'Sun, 06 Nov 1994 08:49:37 GMT'),
  'answers 503, to wait until 2099': waiting(503, 'Fri, 27 Nov 2099 08:49:37 GMT'),
  'answers 503, to wait -5 s': waiting(503, '-5'),
  'answers 301 to another host': moved(301, `https://${HIDDEN}:${HIDDEN}@new.example/${HIDDEN}?${HIDDEN}`),
  'answers 302 to another host': moved(302, `https://new.example:8443/${HIDDEN}`),
  'answers 307 to another host': moved(307, `wss://new.example/${HIDDEN}`),
  'answers 308 to another host': moved(308, `//new.example/${HIDDEN}`),
  'answers 301 to another path': moved(301, `/${HIDDEN}`),
  'answers 301 to a private address': moved(301, `https://10.0.0.7/${HIDDEN}`),
  'answers 301 to a name of a local network': moved(301, `https://${HIDDEN}.lan/`),
  'answers 301 to nowhere': http(301),
  'answers 301 to something that is no URL of a relay': moved(301, `javascript:alert("${HIDDEN}")`),
  'answers 301 to a host that is no name': moved(301, `https://a"b'{${HIDDEN}}/`),
  'answers 301 to a host of 400 characters': moved(301, `https://${HIDDEN}${'a'.repeat(400)}.example/`),
  'answers 301 from wss:// to ws://': {
    ...moved(301, `http://new.example/${HIDDEN}`),
    certificate: {},
    isTrusted: true,
  },
  'answers as a mail server': { answers: `220 ${HIDDEN} ESMTP\r\n` },
  'answers with a header of 100 kB': { answers: `HTTP/1.1 200 OK\r\nx: ${HIDDEN.repeat(5000)}\r\n\r\n` },
  'answers with a control character': { answers: `HTTP/1.1 301 OK\r\nlocation: wss://\u001B[31m\r\n\r\n` },
  'answers 101 with a wrong Sec-WebSocket-Accept': {
    answers: `HTTP/1.1 101 ${HIDDEN}\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: AAAA\r\n\r\n`,
  },
  'answers 101 and no more': { answers: 'HTTP/1.1 101 Switching Protocols\r\n\r\n' },
  'ends the connection at once': { does: 'end at once' },
  'ends the connection without an answer': { answers: '' },
  'says nothing': { does: 'say nothing' },
  'speaks TLS at ws://': { certificate: {}, scheme: 'ws' },
  'answers an alert of TLS at ws://': { answers: Buffer.from('15030100020246', 'hex') },
  'speaks no TLS at wss://': { answers: 'HTTP/1.1 400 Bad Request\r\n\r\n', scheme: 'wss' },
  'has no certificate for the name': { answers: Buffer.from('15030300020270', 'hex'), scheme: 'wss' },
  'has a certificate that it signed itself': { certificate: {} },
  'has a certificate for another name': { certificate: { name: 'other.example' }, isTrusted: true },
  'has a certificate that has expired': { certificate: { isExpired: true }, isTrusted: true },
  'does not listen': { url: 'ws://127.0.0.1:9' },
  'has no name in the DNS': { url: 'wss://relay.invalid' },
} as const satisfies Readonly<Record<string, Behaviour>>;

export type WrongHandshake = keyof typeof BEHAVIOURS;

/** The running hosts. */
export class WrongHosts implements AsyncDisposable {
  readonly #urls = new Map<WrongHandshake, string>();
  readonly #servers: LoopbackServer[] = [];
  /** The certificates that are trusted, PEM. So their other faults show. */
  readonly trusted: string[] = [];

  static async start(which: readonly WrongHandshake[]): Promise<WrongHosts> {
    const hosts = new WrongHosts();
    for (const what of which) hosts.#urls.set(what, await hosts.#start(BEHAVIOURS[what]));
    return hosts;
  }

  /** Whether the host's certificate has to be trusted, so that its other fault shows. */
  static needsTrust(what: WrongHandshake): boolean {
    return 'isTrusted' in BEHAVIOURS[what];
  }

  url(what: WrongHandshake): string {
    return this.#urls.get(what) ?? '';
  }

  get urls(): string[] {
    return [...this.#urls.values()];
  }

  async #start(behaviour: Behaviour): Promise<string> {
    if ('url' in behaviour) return behaviour.url;
    const { scheme } = behaviour;
    if (!('certificate' in behaviour)) return this.#listen(createServer(quiet(behaviour)), scheme ?? 'ws');
    const certificate = await selfSignedCertificate(behaviour.certificate);
    if (behaviour.isTrusted === true) this.trusted.push(certificate.cert);
    const { answers } = behaviour;
    const onSocket = quiet(answers === undefined ? { does: 'say nothing' } : { answers });
    const server = createTlsServer(certificate, onSocket);
    return this.#listen(
      server.on('tlsClientError', () => undefined),
      scheme ?? 'wss',
    );
  }

  async #listen(server: Server, scheme: 'ws' | 'wss'): Promise<string> {
    const listening = await LoopbackServer.listen(server);
    this.#servers.push(listening);
    return `${scheme}://127.0.0.1:${listening.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#servers.map(async (server) => server[Symbol.asyncDispose]()));
  }
}

/** Behaves so on each connection, whatever the other side says. */
function quiet(behaviour: { answers: string | Buffer } | { does: 'end at once' | 'say nothing' }) {
  return (socket: Socket): void => {
    socket.on('error', () => undefined);
    if ('answers' in behaviour) socket.once('data', () => socket.end(behaviour.answers));
    else if (behaviour.does === 'end at once') socket.end();
    else socket.resume();
  };
}
