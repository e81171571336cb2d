import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';

import { describe, expect, test } from 'vitest';

import { Arrivals } from '../../stand-ins/arrivals.ts';
import { LoopbackServer } from '../../stand-ins/loopback-server.ts';
import { PATIENCE_MS } from '../../stand-ins/patience.ts';
import { SocksStandIn } from '../../stand-ins/socks-stand-in.ts';
import { freePort } from '../../test/support/free-port.ts';
import { keep } from '../../test/support/keep.ts';
import { parseProxyAddress, type ProxyAddress } from '../core/basics/proxy-address.ts';
import { answersItself, openTunnel } from './tunnel.ts';
import { WayOut } from './way-out.ts';

const NO_LIMIT_MS = 600_000;
const TARGET = { host: 'secret.example', port: 443 };

async function proxyAt(server: Server, scheme = 'http', credentials = ''): Promise<ProxyAddress> {
  const { port } = keep(await LoopbackServer.listen(server));
  return addressOf(`${scheme}://${credentials}127.0.0.1:${port}`);
}

function addressOf(text: string): ProxyAddress {
  const proxy = parseProxyAddress(text, { scheme: 'http' });
  if (proxy === undefined) throw new Error('no proxy');
  return proxy;
}

/** A proxy that gives the same answer to everything. */
function answering(answer: string): Server {
  return createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.write(answer));
  });
}

async function codeOf(opened: Promise<Socket>): Promise<string> {
  const error = (await opened.then(
    () => undefined,
    (reason: unknown) => reason,
  )) as (Error & { code: string }) | undefined;
  expect(`${error?.message} ${JSON.stringify(error)}`).not.toMatch(/secret|word/);
  return error?.code ?? 'none';
}

describe('a tunnel', () => {
  test('through an HTTP proxy names the host and the credentials, and carries what the host sends first', async () => {
    const asked: unknown[] = [];
    const http = createHttpServer().on('connect', ({ headers, url }, socket: Socket) => {
      asked.push(url, headers.host, headers['proxy-authorization']);
      socket.write('HTTP/1.1 200 OK\r\n\r\nhello');
    });
    const proxy = await proxyAt(http, 'http', 'us%40er:word@');
    const socket = await openTunnel(proxy, TARGET, NO_LIMIT_MS);
    const [bytes] = (await once(socket, 'data')) as [Buffer];
    expect(bytes.toString()).toBe('hello');
    const basic = `Basic ${Buffer.from('us@er:word').toString('base64')}`;
    expect(asked).toEqual(['secret.example:443', 'secret.example:443', basic]);
    const six = await openTunnel(proxy, { host: '2001:db8::1', port: 8443 }, NO_LIMIT_MS);
    expect(asked[3]).toBe('[2001:db8::1]:8443');
    for (const one of [socket, six]) one.destroy();
  });

  test.each([
    ['HTTP/1.1 407 Proxy Authentication Required\r\n\r\n', 'PROXY_407'],
    ['HTTP/1.1 403 Forbidden\r\ncontent-length: 5\r\n\r\nno no', 'PROXY_403'],
    ['HTTP/1.1 502 Bad Gateway\r\n\r\n', 'PROXY_502'],
    ['HTTP/1.1 302 Found\r\nlocation: http://secret.example\r\n\r\n', 'PROXY_302'],
    ['SSH-2.0-OpenSSH\r\n', 'PROXY_HPE_INVALID_CONSTANT'],
  ])('is not made by a proxy that answers %j: %s', async (answer, code) => {
    const proxy = await proxyAt(answering(answer));
    expect(await codeOf(openTunnel(proxy, TARGET, NO_LIMIT_MS))).toBe(code);
  });

  test('is not made by a proxy that is not there, hangs up, or says nothing', async () => {
    const absent = addressOf(`http://127.0.0.1:${await freePort()}`);
    expect(await codeOf(openTunnel(absent, TARGET, NO_LIMIT_MS))).toBe('PROXY_ECONNREFUSED');
    expect(await codeOf(openTunnel({ ...absent, scheme: 'socks5' }, TARGET, NO_LIMIT_MS))).toBe(
      'PROXY_ECONNREFUSED',
    );
    for (const scheme of ['http', 'socks5']) {
      const closing = await proxyAt(
        createServer((socket) => socket.once('data', () => socket.destroy())),
        scheme,
      );
      expect(await codeOf(openTunnel(closing, TARGET, NO_LIMIT_MS))).toBe('PROXY_CLOSED');
      const silent = await proxyAt(
        createServer(() => undefined),
        scheme,
      );
      expect(await codeOf(openTunnel(silent, TARGET, 50))).toBe('PROXY_TIMEOUT');
    }
  });

  test.each([
    ['refuses the destination', '\x05\x00\x05\x02\x00\x01\x00\x00\x00\x00\x00\x00', 'PROXY_SOCKS_NotAllowed'],
    ['wants credentials', '\x05\xff', 'PROXY_SOCKS_AUTH'],
    ['is an HTTP proxy', 'HTTP/1.1 400 Bad Request\r\n\r\n', 'PROXY_SOCKS_INVALID'],
  ])('is not made by a SOCKS proxy that %s', async (_, answer, code) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.write(Buffer.from(answer, 'latin1')));
    });
    expect(await codeOf(openTunnel(await proxyAt(server, 'socks5'), TARGET, NO_LIMIT_MS))).toBe(code);
  });

  test('through a SOCKS proxy leaves the name to the proxy', async () => {
    const echo = createServer((socket) => socket.pipe(socket));
    const { port } = keep(await LoopbackServer.listen(echo));
    const socks = keep(await SocksStandIn.start());
    const socket = await openTunnel(
      addressOf(`socks5://127.0.0.1:${socks.port}`),
      { host: 'hidden.onion', port },
      NO_LIMIT_MS,
    );
    socket.write('hello');
    expect(String(((await once(socket, 'data')) as [Buffer])[0])).toBe('hello');
    expect(socks.asked.all).toEqual([`hidden.onion:${port}`]);
    socket.destroy();
  });
});

const url = (text: string): URL => new URL(text);

const wayTo = (proxy: ProxyAddress): WayOut => new WayOut({ proxy, exceptions: '', tor: undefined });

const tryOnce = async (wayOut: WayOut, proxy: ProxyAddress, isOwn = true): Promise<string> =>
  codeOf(wayOut.open(proxy, url('https://secret.example'), { isOwn }));

test.each([
  ['http', 'HTTP/1.1 400 No\r\n\r\n'],
  ['http', 'rubbish\r\n\r\n'],
  ['http', ''],
  ['socks5', '\x05\xff'],
  ['socks5', ''],
])(
  'a %s proxy that says %j to a question about no host, or hangs up, is not frozen',
  async (scheme, answer) => {
    const asked = new Arrivals<string>();
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', (data) => {
        asked.push(data.toString('latin1'));
        socket.end(Buffer.from(answer, 'latin1'));
      });
    });
    const proxy = await proxyAt(server, scheme, 'operator:word@');
    expect(await answersItself(proxy, NO_LIMIT_MS)).toBe(true);
    const [question = ''] = await asked.atLeast(1);
    if (scheme === 'http') expect(question).toMatch(/^OPTIONS \* [^]*max-forwards: 0\r\n/i);
    else expect(question).toBe('\x05\x02\x00\x02');
  },
);

describe('the way out', () => {
  test('leads .onion names through Tor, excepted names directly, and others through the proxy', () => {
    const [proxy, tor] = [addressOf('proxy.example:3128'), addressOf('socks5://127.0.0.1:9050')];
    const wayOut = new WayOut({ proxy, exceptions: 'direct.example', tor });
    expect(wayOut.proxyFor(url('wss://relay.example'))).toBe(proxy);
    expect(wayOut.proxyFor(url('ws://relay.example'))).toBe(proxy);
    expect(wayOut.proxyFor(url('ws://abc.onion'))).toBe(tor);
    expect(wayOut.proxyFor(url('wss://ABC.onion./'))).toBe(tor);
    expect(wayOut.proxyFor(url('wss://direct.example'))).toBeUndefined();
    const onlyTor = new WayOut({ proxy: undefined, exceptions: '', tor });
    expect(onlyTor.proxyFor(url('wss://relay.example'))).toBeUndefined();
  });

  test.each([
    ['HTTP/1.1 407 No\r\n\r\n', 'PROXY_407'],
    ['HTTP/1.1 403 No\r\n\r\n', undefined],
    ['HTTP/1.1 503 No\r\n\r\n', undefined],
    ['rubbish\r\n\r\n', 'PROXY_HPE_INVALID_CONSTANT'],
  ])('has a problem with a proxy that answers %j to a stranger’s host: %s', async (answer, problem) => {
    const proxy = await proxyAt(answering(answer));
    const wayOut = wayTo(proxy);
    await tryOnce(wayOut, proxy, false);
    expect(wayOut.problem).toBe(problem);
  });

  test('has no problem with a proxy that hangs up on hosts of strangers or on one host of the operator, and one from the second such host on', async () => {
    const proxy = await proxyAt(createServer((socket) => socket.once('data', () => socket.destroy())));
    const wayOut = wayTo(proxy);
    for (let n = 0; n < 3; n++)
      await codeOf(wayOut.open(proxy, url(`https://h${n}.example`), { isOwn: false }));
    for (let n = 0; n < 3; n++) await tryOnce(wayOut, proxy);
    expect(wayOut.problem).toBeUndefined();
    await codeOf(wayOut.open(proxy, url('https://other.example'), { isOwn: true }));
    expect(wayOut.problem).toBe('PROXY_CLOSED');
  });

  test.each([
    ['http', 'HTTP/1.1 400 No\r\n\r\n'],
    ['socks5', '\x05\x00'],
  ])(
    'has a problem with a frozen %s proxy after one host, a stranger’s too, until the proxy answers itself again',
    async (scheme, answer) => {
      let isFrozen = true;
      const server = createServer((socket) => {
        socket.on('error', () => undefined);
        socket.once('data', (asked) => {
          // No host is reached: only the proxy itself answers. Without a password the greeting for a tunnel names one way.
          const isTunnel = scheme === 'http' ? asked.toString().startsWith('CONNECT') : asked[1] === 1;
          if (!isFrozen && !isTunnel) socket.write(Buffer.from(answer, 'latin1'));
        });
      });
      const proxy = await proxyAt(server, scheme);
      const timeouts = { tunnelMs: 50, answerMs: 500 };
      const wayOut = new WayOut({ proxy, exceptions: '', tor: undefined }, timeouts);
      expect(await tryOnce(wayOut, proxy, false)).toBe('PROXY_TIMEOUT');
      await expect.poll(() => wayOut.problem, { timeout: PATIENCE_MS }).toBe('PROXY_TIMEOUT');
      isFrozen = false;
      const problemAfterAnother = async (): Promise<string | undefined> => {
        expect(await tryOnce(wayOut, proxy, false)).toBe('PROXY_TIMEOUT');
        return wayOut.problem;
      };
      await expect.poll(problemAfterAnother, { timeout: PATIENCE_MS }).toBeUndefined();
    },
  );

  test('keeps the problem of one proxy while another one works', async () => {
    const tor = addressOf(`socks5://127.0.0.1:${await freePort()}`);
    const proxy = await proxyAt(answering('HTTP/1.1 403 No\r\n\r\n'));
    const wayOut = new WayOut({ proxy, exceptions: '', tor });
    await codeOf(wayOut.open(tor, url('ws://secret.onion'), { isOwn: true }));
    expect(await tryOnce(wayOut, proxy)).toBe('PROXY_403');
    expect(wayOut.problem).toBe('PROXY_ECONNREFUSED');
  });

  test('gives the proxy the addresses that a look-up accepted, one after the other', async () => {
    const asked: unknown[] = [];
    const http = createHttpServer().on('connect', ({ url: target }, socket: Socket) => {
      asked.push(target);
      socket.end(`HTTP/1.1 ${asked.length === 1 ? '503 No' : '200 OK'}\r\n\r\n`);
    });
    const proxy = await proxyAt(http);
    const lookup = ((_: string, __: object, callback: (error: null, found: object[]) => void) =>
      callback(null, [
        { address: '2001:db8::1', family: 6 },
        { address: '192.0.2.1', family: 4 },
      ])) as never;
    const wayOut = wayTo(proxy);
    (await wayOut.open(proxy, url('https://push.example:8443'), { isOwn: false, lookup })).destroy();
    expect(asked).toEqual(['[2001:db8::1]:8443', '192.0.2.1:8443']);
    expect(wayOut.problem).toBeUndefined();
  });
});
