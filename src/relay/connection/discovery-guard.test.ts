import { describe, expect, test } from 'vitest';

import { discoveryGuard } from './discovery-guard.ts';

describe('a relay that an instance names', () => {
  const { allows, lookup } = discoveryGuard(false);

  test.each([
    'wss://relay.example',
    'wss://relay.example:7777/inbox',
    'wss://8.8.8.8',
    'wss://[2606:4700::1111]',
  ])('may be %s', (url) => {
    expect(allows(new URL(url))).toBe(true);
  });

  test.each([
    'ws://relay.example',
    'ws://8.8.8.8',
    'wss://relay.example:22',
    'wss://127.0.0.1',
    'wss://2130706433',
    'wss://0x7f.1:8080',
    'wss://[::ffff:10.0.0.1]',
    'wss://169.254.169.254',
    'wss://localhost',
    'wss://printer.local',
    'wss://hidden.onion',
    'wss://router',
  ])('may not be %s', (url) => {
    expect(allows(new URL(url))).toBe(false);
  });

  test('is resolved to public addresses alone', () => {
    expect(lookup).toBeTypeOf('function');
  });

  test('may be anywhere where private endpoints are allowed, resolved as usual', () => {
    const open = discoveryGuard(true);
    expect(open.allows(new URL('ws://127.0.0.1:7000'))).toBe(true);
    expect(open.lookup).toBeUndefined();
  });
});
