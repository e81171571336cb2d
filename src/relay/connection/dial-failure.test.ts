import { expect, test } from 'vitest';

import { failedDial, refusedHandshake, type HandshakeAnswer } from './dial-failure.ts';

// Every case with its exact words, seen from the outside: test/relay/handshakes.test.ts.

const answer = (status: number, more: Partial<HandshakeAnswer> = {}): HandshakeAnswer => ({
  status,
  redirect: { to: 'nowhere' },
  hasCredentials: false,
  ...more,
});

test('a relay that answers 401 to a user and a password refuses them', () => {
  const { reason, remedy } = refusedHandshake(answer(401, { hasCredentials: true }));
  expect(reason).toBe('HTTP 401: the relay refuses the user and the password of its URL');
  expect(remedy).toMatch(/for new ones/);
});

test('every status of an answer to a handshake is explained in words, with a remedy', () => {
  for (let status = 0; status < 1000; status++) {
    const { reason, remedy } = refusedHandshake(answer(status));
    expect(reason).toMatch(new RegExp(`^HTTP ${status}: (?:the|no) [A-Za-z ,]+$`));
    expect(remedy).toMatch(/^[a-z].{20,}$/);
  }
});

test.each([
  [0, ''],
  [1, ', and asks for a wait of 1 s'],
  [86_000, ', and asks for a wait of 86 s'],
  [3_600_000, ', and asks for a wait of 3600 s'],
  [3_600_001, ', and asks for a wait of over an hour'],
  [Infinity, ', and asks for a wait of over an hour'],
])('a wait of %i ms that a server asks for is a part of the reason: "%s"', (retryAfterMs, words) => {
  const { reason } = refusedHandshake(answer(503, { retryAfterMs }));
  expect(reason).toBe(`HTTP 503: the relay is down or overloaded${words}`);
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
  ['ERR_SSL_UNSUPPORTED_PROTOCOL', 'it does not speak TLS as this server does', /ws:/],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'it does not speak TLS', /ws:/],
  ['ERR_SSL_TLSV1_UNRECOGNIZED_NAME', 'it speaks TLS and refuses this server', /certificate for this name/],
  ['ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR', 'it speaks TLS and refuses this server', /certificate for this/],
  [
    'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE',
    'it speaks TLS and refuses this server',
    /certificate for this/,
  ],
  ['CERT_REVOKED', 'its certificate is not valid', /replaced/],
  ['ENETUNREACH', 'no way leads there from this machine', /network of this machine/],
  ['EHOSTUNREACH', 'no way leads there from this machine', /IPv6/],
  ['EACCES', 'this machine forbids the connection', /firewall/],
  ['EMFILE', 'this machine allows the server no more open files', /ulimit/],
  ['WS_ERR_UNSUPPORTED_MESSAGE_LENGTH', 'it sent a message that is too long', /4 MiB/],
  ['WS_ERR_INVALID_OPCODE', 'it breaks the rules of WebSockets', /damages/],
  ['HPE_INVALID_CONSTANT', 'it does not speak HTTP', /wss:/],
  ['ECONNREFUSED', 'nothing listens at its port', /port/],
])('a dial that fails with %s is explained, with a remedy', (code, meaning, remedy) => {
  expect(failedDial(code)).toEqual({ reason: `${code}: ${meaning}`, remedy: expect.stringMatching(remedy) });
});

test('a dial that fails with an unknown error has its code alone', () => {
  expect(failedDial('EWHATEVER')).toEqual({ reason: 'EWHATEVER' });
});
