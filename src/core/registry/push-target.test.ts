import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { DISGUISES } from '../../../test/support/disguises.ts';
import { fcmTarget, unifiedPushTarget, webPushTarget } from '../../../test/support/registrations.ts';
import {
  addressOf,
  deviceOf,
  isSameDevice,
  isUsable,
  parseTarget,
  renewedTarget,
  type PushTarget,
  type WebPushKeys,
} from './push-target.ts';

const allowAll = (): boolean => true;

/** The first of many subscriptions, with other keys. */
function withKeys(other: Partial<WebPushKeys>): PushTarget {
  const { keys = { p256dh: '', auth: '' }, ...target } = webPushTarget('a', 1);
  return { ...target, keys: { ...keys, ...other } };
}

function parse(token: string): ReturnType<typeof parseTarget> {
  return parseTarget(token, allowAll);
}

describe('an FCM token', () => {
  test.each([
    ['as Google makes them', `dQw4w9WgXcQ:APA91b${'x'.repeat(134)}`],
    ['of one character', 'x'],
    ['of 4096 characters', 'x'.repeat(4096)],
    ['with every other character that one may have', `azAZ09_-${':'.repeat(3)}`],
    ['that begins like the word http', 'httpx:APA91b'],
  ])('%s is taken as it is', (_, token) => {
    expect(parse(token)).toEqual({ type: 'fcm', token });
  });

  test.each([
    ['empty', ''],
    ['longer than 4096 characters', 'x'.repeat(4097)],
    ['with a space', 'a b'],
    ['with a line end', 'ab\n'],
    ['with a NUL', 'a\0b'],
    ['that is not ASCII', 'tökén'],
  ])('%s is refused', (_, token) => {
    expect(parse(token)).toBe('Invalid token');
  });

  test.each(DISGUISES)('is not read from %s', (_, token, message) => {
    const target = parseTarget(token, ({ protocol }) => protocol === 'https:');
    expect(target).toBe(message);
  });

  test.each(DISGUISES)('of the store is not used if it is %s', (_, token) => {
    expect(isUsable({ type: 'fcm', token })).toBe(false);
  });

  test('is read without the endpoint policy', () => {
    expect(parseTarget('a:token', () => false)).toEqual(fcmTarget('a:token'));
  });
});

describe('an FCM token is never', () => {
  test('a text with a character that tokens lack', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom('a', 'Z', '0', '_', '-', ':', '.', '/', '<', '{', '"', ' ', '\n') }),
    );
    fc.assert(
      fc.property(text, (token) => {
        const target = parse(token);
        if (typeof target === 'object' && target.type === 'fcm') expect(token).toMatch(/^[A-Za-z0-9_:-]+$/);
      }),
      { numRuns: 1000 },
    );
  });

  test('a text that looks like a URL, in any scheme and case', () => {
    const scheme = fc.constantFrom('http', 'https', 'HTTPS', 'hTTp', 'ftp', 'ws', 'file', 'x-y.z+1');
    fc.assert(
      fc.property(scheme, fc.string({ unit: 'binary' }), fc.boolean(), (name, rest, allowed) => {
        const target = parseTarget(`${name}://${rest}`, () => allowed);
        expect(target).not.toHaveProperty('type', 'fcm');
      }),
      { numRuns: 500 },
    );
  });

  test('a URL of a web server, which is an endpoint or invalid', () => {
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true }), (url) => {
        expect(parse(url)).not.toHaveProperty('type', 'fcm');
      }),
    );
  });

  test.each([
    'http:example.com',
    'https:/example.com',
    'HTTP:x',
    ' https://push.example/',
    '\thttps://push.example/',
  ])('%j', (token) => {
    expect(parse(token)).not.toHaveProperty('type', 'fcm');
  });
});

describe('a Firebase Installation ID', () => {
  const id = 'dQw4w9_gXcQdQw4w9-gXcQ';

  test.each(['fid:', 'FID:', 'Fid:'])('begins with %s, and is taken with a lower-case beginning', (begin) => {
    const target = parseTarget(`${begin}${id}`, () => false);
    expect(target).toEqual(fcmTarget(`fid:${id}`));
    expect(isUsable(fcmTarget(`fid:${id}`))).toBe(true);
  });

  test('is another device than a registration token of the same characters', () => {
    expect(isSameDevice(fcmTarget(`fid:${id}`), fcmTarget(id))).toBe(false);
  });
});

describe('a UnifiedPush endpoint', () => {
  test.each([
    ['https://ntfy.sh/upAbCdEfGhIjKl?up=1', 'https://ntfy.sh/upAbCdEfGhIjKl?up=1'],
    ['HTTPS://NTFY.sh/upX', 'https://ntfy.sh/upX'],
    ['https://push.example', 'https://push.example/'],
    ['https://push.example:443/a', 'https://push.example/a'],
  ])('%s is taken', (token, endpoint) => {
    expect(parse(token)).toEqual({ type: 'unifiedpush', endpoint });
  });

  test('may be 1000 bytes long and not more', () => {
    const longest = `https://push.example/${'x'.repeat(979)}`;
    expect(parse(longest)).toMatchObject({ endpoint: longest });
    expect(parse(`${longest}x`)).toBe('Invalid endpoint');
  });

  test('is as long as its normalised URL, not as it was written', () => {
    expect(parse(`https://push.example/${'"'.repeat(979)}`)).toBe('Invalid endpoint');
    expect(parse(`https://push.example/${'"'.repeat(326)}x`)).toMatchObject({
      endpoint: `https://push.example/${'%22'.repeat(326)}x`,
    });
    expect(parse(`https://push.example/${'./'.repeat(500)}up`)).toMatchObject({
      endpoint: 'https://push.example/up',
    });
  });

  test.each([
    ['with a user', 'https://user@push.example/'],
    ['with a password', 'https://user:secret@push.example/'],
    ['with a fragment', 'https://push.example/#x'],
    ['with an empty fragment', 'https://push.example/up#'],
    ['without a host', 'https://'],
    ['with a port that is none', 'https://push.example:99999/'],
    ['with a space', 'https://push.example/a b'],
    ['with a line end', 'https://push.example/\n'],
    ['that is not ASCII', 'https://püsh.example/'],
  ])('%s is refused', (_, token) => {
    expect(parse(token)).toBe('Invalid endpoint');
  });

  test('is refused when the policy refuses it', () => {
    const seen: string[] = [];
    const refuse = (url: URL): boolean => seen.push(url.hostname) < 0;
    expect(parseTarget('https://push.example/up', refuse)).toBe('Invalid endpoint');
    expect(seen).toEqual(['push.example']);
  });
});

describe('two targets are one device', () => {
  test.each([fcmTarget('a'), unifiedPushTarget('a'), webPushTarget('a', 1)])(
    'when service, address and Web Push keys are the same: %o',
    (target) => {
      expect(isSameDevice(target, structuredClone(target))).toBe(true);
      expect(deviceOf(target)).toBe(deviceOf(structuredClone(target)));
    },
  );

  test.each<[string, PushTarget, PushTarget]>([
    ['the address', fcmTarget('a'), fcmTarget('b')],
    ['the service', fcmTarget('a'), { type: 'unifiedpush', endpoint: 'a' }],
    ['the public key', webPushTarget('a', 1), withKeys({ p256dh: 'other' })],
    ['the secret', webPushTarget('a', 1), withKeys({ auth: 'other' })],
    ['having Web Push keys', webPushTarget('a', 1), unifiedPushTarget('a')],
  ])('but not when %s differs', (_, one, other) => {
    expect([isSameDevice(one, other), isSameDevice(other, one)]).toEqual([false, false]);
    expect(deviceOf(one)).not.toBe(deviceOf(other));
  });

  test('and their address is the token or the endpoint', () => {
    expect(addressOf(fcmTarget('a'))).toBe('a');
    expect(addressOf(unifiedPushTarget('a'))).toBe('https://push.example/a');
  });
});

describe('a key that is registered again', () => {
  const [some, others] = [webPushTarget('a', 1), webPushTarget('a', 2)];
  test.each<[string, PushTarget, PushTarget]>([
    ['other Web Push keys', others, others],
    ['none for the same endpoint', unifiedPushTarget('a'), some],
    ['none for another endpoint', unifiedPushTarget('b'), unifiedPushTarget('b')],
    ['a token', fcmTarget('a'), fcmTarget('a')],
  ])('with %s', (_, registered, reached) => {
    expect(renewedTarget(some, registered)).toEqual(reached);
  });
});
