import type { WrongHandshake } from '../../stand-ins/wrong-handshakes.ts';

/** What is said in each case, and the remedy. docs/listening.md has each of them word for word. */
export type HandshakeWords = readonly [what: WrongHandshake, reason: string, remedy: string];

const CHECK_URL =
  'check the URL in NOSTR_RELAYS: a web page is there and no relay, or a proxy does not pass WebSockets on';
const BY_ITSELF = 'do nothing at first: the server dials again by itself';
const TELL = `${BY_ITSELF}; if this lasts, tell the relay’s operator`;
const ASK = `${BY_ITSELF}; if this lasts, ask the relay’s operator`;
const NOT_FOLLOWED =
  'put the new URL of the relay into NOSTR_RELAYS, if a relay is there: redirects are not followed';
const ASK_WHERE = 'ask the relay’s operator for the new URL, and put it into NOSTR_RELAYS';
const WAITS =
  'do nothing: the server waits as long as the relay asks, an hour at most; if this repeats, ask the relay’s operator for a higher limit';
const PRIVATE = 'tell the relay’s operator: the redirect leads into a private network';
const OTHER_SERVICE =
  'check the scheme and the port in NOSTR_RELAYS: another service is at this port, or a relay with TLS, which is at wss://, not ws://';
const BAD_UPGRADE = 'check the URL in NOSTR_RELAYS: no relay is there, or a proxy changes the handshake';
const CUT_OFF =
  'check the scheme (ws:// or wss://) and the port in NOSTR_RELAYS; if they are right, the relay or a proxy before it turns this server away: ask its operator';

export const HANDSHAKE_WORDS: readonly HandshakeWords[] = [
  ['answers 200', 'HTTP 200: no relay answers at this URL', CHECK_URL],
  ['answers 304', 'HTTP 304: no relay answers at this URL', CHECK_URL],
  [
    'answers 400',
    'HTTP 400: the server does not understand the handshake',
    'check the scheme and the port in NOSTR_RELAYS: a relay with TLS is at wss://, not ws://; if they are right, no relay is there, or a proxy does not pass WebSockets on',
  ],
  [
    'answers 401',
    'HTTP 401: the relay asks for a user and a password',
    'put the user and the password that the relay’s operator gave you into its URL: wss://user:password@host',
  ],
  [
    'answers 402',
    'HTTP 402: the relay asks for a payment',
    'pay the relay’s operator for access, or remove the relay from NOSTR_RELAYS',
  ],
  [
    'answers 403',
    'HTTP 403: the relay, or a proxy before it, does not admit this server',
    'ask the relay’s operator to admit the address of this server, or remove the relay from NOSTR_RELAYS',
  ],
  [
    'answers 404',
    'HTTP 404: the relay is not at this path',
    'check the path of the relay’s URL in NOSTR_RELAYS',
  ],
  ['answers 410', 'HTTP 410: the relay is gone for good', 'remove the relay from NOSTR_RELAYS'],
  ['answers 418', 'HTTP 418: no relay answers at this URL', CHECK_URL],
  ['answers 426', 'HTTP 426: no relay answers at this URL', CHECK_URL],
  [
    'answers 451',
    'HTTP 451: the relay may not serve this server, by law',
    'remove the relay from NOSTR_RELAYS, or ask its operator',
  ],
  ['answers 500', 'HTTP 500: the relay has a fault of its own', TELL],
  ['answers 501', 'HTTP 501: no relay answers at this URL', CHECK_URL],
  ['answers 502', 'HTTP 502: the proxy before the relay does not reach it', TELL],
  ['answers 503', 'HTTP 503: the relay is down or overloaded', ASK],
  ['answers 504', 'HTTP 504: the proxy before the relay does not reach it', TELL],
  ['answers 520', 'HTTP 520: the proxy before the relay does not reach it', TELL],
  ['answers 999', 'HTTP 999: no relay answers at this URL', CHECK_URL],
  ['answers 429', 'HTTP 429: the relay was dialled too often from this address', WAITS],
  [
    'answers 429, to wait 86 s',
    'HTTP 429: the relay was dialled too often from this address, and asks for a wait of 86 s',
    WAITS,
  ],
  [
    'answers 429, to wait until a year long past',
    'HTTP 429: the relay was dialled too often from this address',
    WAITS,
  ],
  [
    'answers 503, to wait until 2099',
    'HTTP 503: the relay is down or overloaded, and asks for a wait of over an hour',
    ASK,
  ],
  ['answers 503, to wait -5 s', 'HTTP 503: the relay is down or overloaded', ASK],
  ['answers 301 to another host', 'HTTP 301: the relay has moved to wss://new.example', NOT_FOLLOWED],
  [
    'answers 302 to another host',
    'HTTP 302: the relay sends this server to wss://new.example:8443',
    NOT_FOLLOWED,
  ],
  ['answers 307 to another host', 'HTTP 307: the relay sends this server to wss://new.example', NOT_FOLLOWED],
  ['answers 308 to another host', 'HTTP 308: the relay has moved to ws://new.example', NOT_FOLLOWED],
  [
    'answers 301 to another path',
    'HTTP 301: the relay has moved to another path of the same host',
    'find the new path (curl -i shows it) and put it into NOSTR_RELAYS: redirects are not followed',
  ],
  [
    'answers 301 to a private address',
    'HTTP 301: the relay has moved to an address that is not public',
    PRIVATE,
  ],
  [
    'answers 301 to a name of a local network',
    'HTTP 301: the relay has moved to an address that is not public',
    PRIVATE,
  ],
  ['answers 301 to nowhere', 'HTTP 301: the relay has moved elsewhere and does not say where', ASK_WHERE],
  [
    'answers 301 to something that is no URL of a relay',
    'HTTP 301: the relay has moved elsewhere and does not say where',
    ASK_WHERE,
  ],
  [
    'answers 301 to a host that is no name',
    'HTTP 301: the relay has moved elsewhere and does not say where',
    ASK_WHERE,
  ],
  [
    'answers 301 to a host of 400 characters',
    'HTTP 301: the relay has moved elsewhere and does not say where',
    ASK_WHERE,
  ],
  [
    'answers 301 from wss:// to ws://',
    'HTTP 301: the relay has moved to ws://new.example, without TLS',
    'ask the relay’s operator for a URL with TLS (wss://): without it, anybody on the way can read and change what the relay sends',
  ],
  ['answers as a mail server', 'HPE_INVALID_CONSTANT: it does not speak HTTP', OTHER_SERVICE],
  ['answers with a header of 100 kB', 'HPE_HEADER_OVERFLOW: it does not speak HTTP', OTHER_SERVICE],
  ['answers with a control character', 'HPE_INVALID_HEADER_TOKEN: it does not speak HTTP', OTHER_SERVICE],
  [
    'answers 101 with a wrong Sec-WebSocket-Accept',
    'BAD_UPGRADE: it agrees to a WebSocket in the wrong way',
    BAD_UPGRADE,
  ],
  ['answers 101 and no more', 'BAD_UPGRADE: it agrees to a WebSocket in the wrong way', BAD_UPGRADE],
  ['ends the connection at once', 'ECONNRESET: it cut the connection off', CUT_OFF],
  ['ends the connection without an answer', 'ECONNRESET: it cut the connection off', CUT_OFF],
  [
    'says nothing',
    'ETIMEDOUT: it does not answer in time',
    'check the host and the port in NOSTR_RELAYS, and that no firewall is in between; if they are right, the relay is overloaded: ask its operator',
  ],
  ['speaks TLS at ws://', 'ECONNRESET: it cut the connection off', CUT_OFF],
  ['answers an alert of TLS at ws://', 'HPE_INVALID_CONSTANT: it does not speak HTTP', OTHER_SERVICE],
  [
    'speaks no TLS at wss://',
    'ERR_SSL_WRONG_VERSION_NUMBER: it does not speak TLS',
    'check the scheme and the port in NOSTR_RELAYS: a relay without TLS is at ws://, not wss://',
  ],
  [
    'has no certificate for the name',
    'ERR_SSL_TLSV1_UNRECOGNIZED_NAME: it speaks TLS and refuses this server',
    'check the host in NOSTR_RELAYS: the server there may have no certificate for this name; if the host is right, tell the relay’s operator',
  ],
  [
    'has a certificate that it signed itself',
    'DEPTH_ZERO_SELF_SIGNED_CERT: no authority that this machine knows has signed its certificate',
    'name the file of the authority that signed it in NODE_EXTRA_CA_CERTS and restart the server, or ask the relay’s operator for a public certificate',
  ],
  [
    'has a certificate for another name',
    'ERR_TLS_CERT_ALTNAME_INVALID: its certificate is for another name',
    'check the host in NOSTR_RELAYS; if it is right, the relay’s operator must get a certificate for it',
  ],
  [
    'has a certificate that has expired',
    'CERT_HAS_EXPIRED: its certificate is not valid at this time',
    'check the clock of this machine; if the clock is right, the relay’s operator must renew the certificate',
  ],
  [
    'does not listen',
    'ECONNREFUSED: nothing listens at its port',
    'check that the relay runs, and the port in NOSTR_RELAYS',
  ],
  [
    'has no name in the DNS',
    'ENOTFOUND: there is no such name in the DNS',
    'check the spelling of the host in NOSTR_RELAYS, and the DNS of this machine',
  ],
];
