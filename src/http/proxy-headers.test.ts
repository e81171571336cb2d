import { expect, test } from 'vitest';

import { FakeClock } from '../../test/support/fake-clock.ts';
import { FakeTelemetry } from '../../test/support/fake-telemetry.ts';
import type { AddressSource } from './client-address.ts';
import { ProxyHeaders } from './proxy-headers.ts';

const MINUTE_MS = 60_000;
const FORWARDED = { 'x-forwarded-for': '198.51.100.7' };

function watch(source: AddressSource): {
  proxyHeaders: ProxyHeaders;
  clock: FakeClock;
  note: (remoteAddress: string, headers?: object, method?: string) => void;
} {
  const clock = new FakeClock();
  const proxyHeaders = new ProxyHeaders(source, clock.read, new FakeTelemetry());
  const note = (remoteAddress: string, headers: object = {}, method = 'POST'): void =>
    proxyHeaders.note({ headers, method, socket: { remoteAddress } } as never);
  return { proxyHeaders, clock, note };
}

test.each(['127.0.0.1', '::ffff:127.0.0.1', '::1', '172.18.0.1', '10.0.0.4', '100.64.1.1', 'fd00::7'])(
  'headers that come from %s and are not believed are a fault for an hour',
  (address) => {
    const { clock, note, proxyHeaders } = watch('socket');
    note(address);
    expect(proxyHeaders.fault).toBeUndefined();
    note(address, FORWARDED, 'GET');
    expect(proxyHeaders.fault).toBe('ignored');
    clock.advance(59 * MINUTE_MS);
    expect(proxyHeaders.fault).toBe('ignored');
    clock.advance(MINUTE_MS);
    expect(proxyHeaders.fault).toBeUndefined();
  },
);

test('headers that a stranger sends are no fault, unless most requests have them, as from a proxy on the internet', () => {
  const { clock, note, proxyHeaders } = watch('socket');
  for (let n = 0; n < 3; n++) note('93.184.216.35');
  for (let n = 0; n < 26; n++) note('93.184.216.34', FORWARDED);
  expect(proxyHeaders.fault).toBeUndefined();
  clock.advance(11 * MINUTE_MS);
  for (let n = 0; n < 19; n++) note('93.184.216.34', FORWARDED);
  expect(proxyHeaders.fault).toBeUndefined();
  note('93.184.216.34', { forwarded: 'for=198.51.100.7' });
  expect(proxyHeaders.fault).toBe('ignored');
});

test('most requests with a fault are an alarm until ten minutes have passed with enough others', () => {
  const { clock, note, proxyHeaders } = watch('socket');
  for (let n = 0; n < 20; n++) note('93.184.216.34', FORWARDED);
  clock.advance(11 * MINUTE_MS);
  expect(proxyHeaders.fault).toBe('ignored');
  for (let n = 0; n < 20; n++) note('93.184.216.34');
  expect(proxyHeaders.fault).toBe('ignored');
  clock.advance(11 * MINUTE_MS);
  expect(proxyHeaders.fault).toBeUndefined();
});

test('a proxy that is believed and names no client is a fault; health checks and a few such requests are none', () => {
  const { note, proxyHeaders } = watch('x-forwarded-for');
  for (let n = 0; n < 100; n++) note('127.0.0.1', {}, 'GET');
  for (let n = 0; n < 20; n++) note('127.0.0.1', FORWARDED);
  for (let n = 0; n < 20; n++) note('127.0.0.1', { 'x-forwarded-for': 'unknown' });
  expect(proxyHeaders.fault).toBeUndefined();
  const bad = watch('x-forwarded-for');
  for (let n = 0; n < 20; n++) bad.note('127.0.0.1', n % 2 === 0 ? {} : { 'x-forwarded-for': 'unknown' });
  expect(bad.proxyHeaders.fault).toBe('missing');
});
