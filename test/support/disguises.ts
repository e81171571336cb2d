const INVALID = 'Invalid token';
const KEYS = { p256dh: `B${'x'.repeat(86)}`, auth: 'secret-of-the-browser1' };
const ENDPOINT = 'https://push.example/up';

/** Texts that a client may take for an FCM token, but that are not: a name, the text, and the expected answer. None may reach Google. */
export const DISGUISES: readonly (readonly [name: string, token: string, message: string])[] = [
  ['a subscription as a browser writes it', JSON.stringify({ endpoint: ENDPOINT, keys: KEYS }), INVALID],
  [
    'a subscription with its keys beside the endpoint',
    JSON.stringify({ endpoint: ENDPOINT, ...KEYS }),
    INVALID,
  ],
  ['the JSON text of a token', '"a:token"', INVALID],
  ['the keys of a subscription', JSON.stringify(KEYS), INVALID],
  ['an endpoint in angle brackets', `<${ENDPOINT}>`, INVALID],
  ['an endpoint in quotes', `"${ENDPOINT}"`, INVALID],
  ['an endpoint without its scheme', 'push.example/up', INVALID],
  ['an endpoint that begins with two slashes', '//push.example/up', INVALID],
  ['an endpoint behind a space', ` ${ENDPOINT}`, INVALID],
  ['an endpoint behind a tab', `\t${ENDPOINT}`, INVALID],
  ['an endpoint behind a line end', `\n${ENDPOINT}`, INVALID],
  ['an endpoint behind a zero-width space', `\u200b${ENDPOINT}`, INVALID],
  ['an endpoint behind a byte order mark', `\ufeff${ENDPOINT}`, INVALID],
  ['an endpoint behind another word', `url:${ENDPOINT}`, INVALID],
  ['an endpoint in percent signs', encodeURIComponent(ENDPOINT), INVALID],
  ['a subscription in base64url', base64Url(JSON.stringify({ endpoint: ENDPOINT, keys: KEYS })), INVALID],
  [
    'a subscription with its keys beside the endpoint in base64url',
    base64Url(JSON.stringify({ endpoint: ENDPOINT, ...KEYS })),
    INVALID,
  ],
  ['an endpoint in base64url', base64Url(ENDPOINT), INVALID],
  ['an endpoint with fullwidth letters', 'ｈｔｔｐｓ://push.example/up', INVALID],
  ['an endpoint with one slash', 'https:/push.example/up', INVALID],
  ['an endpoint without slashes', 'https:push.example', INVALID],
  ['an endpoint of a token’s characters', 'https:push-server', INVALID],
  ['the same in upper case', 'HTTP:push-server', INVALID],
  ['an endpoint of another scheme', 'ftp://push.example/up', INVALID],
  ['a relay', 'wss://relay.example', INVALID],
  ['an endpoint with a space behind it', `${ENDPOINT} `, 'Invalid endpoint'],
  ['an endpoint in upper case, with a user', 'HTTPS://USER@PUSH.EXAMPLE/UP', 'Invalid endpoint'],
  ['a token with a space', 'to ken', INVALID],
  ['a token with a line end', 'token\n', INVALID],
  ['a token with a dot', 'to.ken', INVALID],
  ['a token in plain base64', 'to+ken/a=', INVALID],
  ['a token with a letter beyond ASCII', 'tokén', INVALID],
  ['an installation id that is too short', 'fid:dQw4w9WgXcQdQw4w9WgXc', INVALID],
  ['an installation id that is too long', 'fid:dQw4w9WgXcQdQw4w9WgXcQQ', INVALID],
  ['an installation id with a plus', 'FID:dQw4w9WgXcQdQw4w9WgXc+', INVALID],
  ['an installation id with its prefix twice', 'fid:fid:dQw4w9WgXcQdQw4w9WgX', INVALID],
  ['no more than the beginning of an installation id', 'fid:', INVALID],
  ['a device token of Apple’s', `apns:${'0f'.repeat(32)}`, 'Push provider not enabled'],
  ['the same in mixed case, APNs', `APNs:${'0F'.repeat(32)}`, 'Push provider not enabled'],
];

function base64Url(text: string): string {
  return Buffer.from(text).toString('base64url');
}
