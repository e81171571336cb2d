import { expect, test } from 'vitest';

import { failedDial, refusedHandshake } from './dial-failure.ts';

test.each([
  [401, 'HTTP 401: the relay asks for a user and a password', /user:password@host/],
  [403, 'HTTP 403: the relay, or a proxy before it, does not admit this server', /admit the address/],
  [404, 'HTTP 404: the relay is not at this path', /path/],
  [429, 'HTTP 429: the relay was dialled too often from this address', /waits as long as the relay asks/],
  [308, 'HTTP 308: the relay has moved', /new URL/],
  [500, 'HTTP 500: the relay is down', /down, or overloaded/],
  [503, 'HTTP 503: the relay is down', /down, or overloaded/],
  [200, 'HTTP 200: no relay answers at this URL', /web page/],
  [426, 'HTTP 426: no relay answers at this URL', /WebSockets/],
])('a handshake that is answered with %i is explained, with a remedy', (status, reason, remedy) => {
  expect(refusedHandshake({ status })).toEqual({ reason, remedy: expect.stringMatching(remedy) });
});

test('a handshake that is answered with a redirect names the new host', () => {
  const { reason } = refusedHandshake({ status: 301, movedTo: 'new.example:8443' });
  expect(reason).toBe('HTTP 301: the relay has moved to new.example:8443');
});

test.each([
  ['ENOTFOUND', 'there is no such name in the DNS', /spelling/],
  ['EAI_AGAIN', 'the DNS does not answer', /DNS of this machine/],
  ['ENOTPUBLIC', 'its name leads to an address that is not public', /NOSTR_RELAYS/],
  ['CERT_HAS_EXPIRED', 'its certificate is not valid at this time', /clock/],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'its certificate is for another name', /host/],
  [
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'no authority that this machine knows has signed its certificate',
    /EXTRA_CA/,
  ],
  [
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'no authority that this machine knows has signed its certificate',
    /EXTRA_CA/,
  ],
  ['EPROTO', 'it does not speak TLS as this server does', /ws:/],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'it does not speak TLS as this server does', /ws:/],
  ['HPE_INVALID_CONSTANT', 'it does not speak HTTP', /wss:/],
  ['ECONNREFUSED', 'nothing listens at its port', /port/],
])('a dial that fails with %s is explained, with a remedy', (code, meaning, remedy) => {
  expect(failedDial(code)).toEqual({ reason: `${code}: ${meaning}`, remedy: expect.stringMatching(remedy) });
});

test('a dial that fails with an unknown error has its code alone', () => {
  expect(failedDial('EWHATEVER')).toEqual({ reason: 'EWHATEVER' });
});
