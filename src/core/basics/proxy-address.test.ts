import { expect, test } from 'vitest';

import { parseProxyAddress, proxyText, type ProxyDefaults } from './proxy-address.ts';

const HTTPS_PROXY: ProxyDefaults = { scheme: 'http' };
const TOR: ProxyDefaults = { scheme: 'socks5', port: 9050 };

test.each([
  ['http://proxy.example:3128', HTTPS_PROXY, 'http://proxy.example:3128'],
  ['HTTP://Proxy.Example:3128/', HTTPS_PROXY, 'http://proxy.example:3128'],
  ['proxy.example:3128', HTTPS_PROXY, 'http://proxy.example:3128'],
  ['http://proxy.example', HTTPS_PROXY, 'http://proxy.example:80'],
  ['http://proxy.example:80', HTTPS_PROXY, 'http://proxy.example:80'],
  ['https://proxy.example', HTTPS_PROXY, 'https://proxy.example:443'],
  ['https://proxy.example:80', HTTPS_PROXY, 'https://proxy.example:80'],
  ['socks5://127.0.0.1', HTTPS_PROXY, 'socks5://127.0.0.1:1080'],
  ['socks5h://[::1]:9050', HTTPS_PROXY, 'socks5://[::1]:9050'],
  ['[fd00::1]:3128', HTTPS_PROXY, 'http://[fd00::1]:3128'],
  ['127.0.0.1:9150', TOR, 'socks5://127.0.0.1:9150'],
  ['localhost', TOR, 'socks5://localhost:9050'],
])('%j is a proxy at %s', (written, defaults, text) => {
  const proxy = parseProxyAddress(written, defaults);
  expect(proxy && proxyText(proxy)).toBe(text);
  expect(proxy?.credentials).toBeUndefined();
});

test('a user and a password are read, decoded, and not shown', () => {
  const proxy = parseProxyAddress('http://us%40er:pass%3Aword@proxy.example:3128', HTTPS_PROXY);
  expect(proxy?.credentials?.reveal()).toEqual({ user: 'us@er', password: 'pass:word' });
  expect(proxy && proxyText(proxy)).toBe('http://proxy.example:3128');
  expect(JSON.stringify(proxy)).not.toContain('pass');
  const without = parseProxyAddress('user@proxy.example:3128', HTTPS_PROXY);
  expect(without?.credentials?.reveal()).toEqual({ user: 'user', password: '' });
});

test.each([
  '',
  'http://',
  'ftp://proxy.example',
  'http://proxy.example:0',
  'http://proxy.example:65536',
  'http://proxy.example/path',
  'http://proxy.example?x',
  'http://proxy.example#x',
  'http://%zz@proxy.example',
  'proxy example',
])('%j is no proxy', (written) => {
  expect(parseProxyAddress(written, HTTPS_PROXY)).toBeUndefined();
});
