import { drawHex, many, pick, type Draw } from '../draw.ts';

const PATHS = ['/api/register', '/api/unregister', '/api/notify'];
const OTHER_PATHS = [
  '/api/health',
  '/api/info',
  '/api/status',
  '/api/openapi.json',
  '/',
  '/api',
  '/api/register/',
  '/api/../api/register',
  '/api/%72egister',
  '/api/%zz',
  '//api/notify',
  '/api/notify?x=1',
  '/API/NOTIFY',
  '/metrics',
  '*',
  'http://push.example/api/health',
];
const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'PROPFIND', 'BREW', 'get'];
const TYPES = ['application/json', 'application/json; charset=utf-8', 'text/plain', 'application/x', ';', ''];
const HEADERS = [
  'X-Forwarded-For: 203.0.113.1, 192.0.2.1',
  'X-Forwarded-For: ,,;',
  'Fly-Client-IP: x',
  'X-Request-Id: mine',
  'Origin: https://app.example',
  'Access-Control-Request-Method: POST',
  'Authorization: Nostr e30=',
  'Authorization: Nostr',
  'Authorization: Basic eDp5',
  'Accept-Encoding: gzip',
  'Expect: 100-continue',
  'Expect: something-else',
  'Upgrade: websocket',
  'Transfer-Encoding: gzip',
  'Cookie: a=b',
  'Content-Encoding: gzip',
  'X-Empty:',
];
const JSON_VALUES = [
  'null',
  '[]',
  '{}',
  '0',
  '-1e999',
  '""',
  'true',
  '"\\u0000"',
  '{"a":{}}',
  '[[[[]]]]',
  '"\\ud800"',
];
const PLATFORMS = ['android', 'ios', 'IOS', 'windows', '', 'web', 'webpush'];
const TOKENS = [
  'a-token',
  '',
  'to ken',
  'http://127.0.0.1:9/x',
  'https://',
  'ftp://x/',
  'javascript:1',
  'http://[::1',
];

/** The keys that the requests use. They are few, so that several requests are about the same key. */
function drawKey(draw: Draw): string {
  const key = draw(200).toString(16).padStart(64, '0');
  return pick(draw, [key, key, key, key, key.toUpperCase(), key.slice(1), `${key}0`, 'x', drawHex(draw, 64)]);
}

function drawBody(draw: Draw): string {
  if (draw(6) === 0) return pick(draw, JSON_VALUES);
  const fields = [`"trade_pubkey":"${drawKey(draw)}"`];
  if (draw(2) === 0) fields.push(`"token":"${pick(draw, TOKENS)}"`, `"platform":"${pick(draw, PLATFORMS)}"`);
  if (draw(4) === 0) fields.push(`"encrypted_token":"${drawSealed(draw)}"`);
  if (draw(4) === 0) fields.push(`"mostro_pubkey":"${drawKey(draw)}"`);
  if (draw(6) === 0)
    fields.push(`"${pick(draw, ['token', 'platform', 'x', '__proto__'])}":${pick(draw, JSON_VALUES)}`);
  return `{${fields.join(',')}}`;
}

function drawSealed(draw: Draw): string {
  const bytes = many(pick(draw, [281, 281, 280, 0, 1085, 33]), () => draw(256));
  return Buffer.from(bytes).toString('base64');
}

/** A request as bytes. It is sound HTTP, whatever its content. */
export function drawRequest(draw: Draw): Buffer {
  const isCall = draw(4) > 0;
  const method = isCall ? 'POST' : pick(draw, METHODS);
  const path = isCall ? pick(draw, PATHS) : pick(draw, [...PATHS, ...OTHER_PATHS]);
  const type = isCall && draw(8) > 0 ? 'application/json' : pick(draw, TYPES);
  const body = Buffer.from(draw(20) === 0 ? 'x'.repeat(draw(40_000)) : drawBody(draw));
  const headers = many(draw(3), () => pick(draw, HEADERS)).map((header) => `${header}\r\n`);
  const head = `${method} ${path} HTTP/1.1\r\nHost: push.example\r\nContent-Type: ${type}\r\n${headers.join('')}`;
  if (draw(6) > 0) return Buffer.concat([Buffer.from(`${head}Content-Length: ${body.length}\r\n\r\n`), body]);
  const chunk = Buffer.from(`${body.length.toString(16)}\r\n`);
  const end = Buffer.from(body.length > 0 ? '\r\n0\r\n\r\n' : '\r\n');
  return Buffer.concat([Buffer.from(`${head}Transfer-Encoding: chunked\r\n\r\n`), chunk, body, end]);
}

/** The same bytes with some changed, removed, doubled or added. */
export function damaged(bytes: Buffer, draw: Draw): Buffer {
  const at = draw(bytes.length);
  const [before, behind] = [bytes.subarray(0, at), bytes.subarray(at)];
  const noise = Buffer.from(many(1 + draw(8), () => draw(256)));
  switch (draw(5)) {
    case 0:
      return Buffer.concat([before, noise, behind.subarray(noise.length)]);
    case 1:
      return Buffer.concat([before, behind.subarray(1 + draw(40))]);
    case 2:
      return Buffer.concat([before, noise, behind]);
    case 3:
      return Buffer.concat([before, behind.subarray(0, 1 + draw(100)), behind]);
    default:
      return before;
  }
}
