import { HOUR_MS, SECOND_MS } from '../../core/basics/clock.ts';
import type { Redirect } from './redirect.ts';

/** What a server answered to a WebSocket handshake in place of 101 (RFC 6455, 4.2.2). */
export interface HandshakeAnswer {
  readonly status: number;
  /** Where the server sends us. */
  readonly redirect: Redirect;
  /** How long the server asks us to stay away (`Retry-After`), in milliseconds. */
  readonly retryAfterMs?: number;
  /** Whether the URL that was dialled has a user or a password. */
  readonly hasCredentials: boolean;
}

/** Why there is no connection, and what the operator can do. Holds nothing of a URL but a scheme and a host. */
export interface DialFailure {
  /** A few words for people; begins with the code of an error, or with `HTTP` and the status. */
  readonly reason: string;
  /** Absent if nothing is known that helps. */
  readonly remedy?: string;
}

type Words = readonly [meaning: string, remedy: string];

const NO_RELAY: Words = [
  'no relay answers at this URL',
  'check the URL in NOSTR_RELAYS: a web page is there and no relay, or a proxy does not pass WebSockets on',
];
const DOWN: Words = [
  'the relay is down or overloaded',
  'do nothing at first: the server dials again by itself; if this lasts, ask the relay’s operator',
];
const PROXY: Words = [
  'the proxy before the relay does not reach it',
  'do nothing at first: the server dials again by itself; if this lasts, tell the relay’s operator',
];

/** What a server means by a status, and the remedy. */
const STATUSES: Readonly<Record<number, Words>> = {
  // Web servers answer so if plain HTTP is spoken at a port for TLS.
  400: [
    'the server does not understand the handshake',
    'check the scheme and the port in NOSTR_RELAYS: a relay with TLS is at wss://, not ws://; if they are right, no relay is there, or a proxy does not pass WebSockets on',
  ],
  401: [
    'the relay asks for a user and a password',
    'put the user and the password that the relay’s operator gave you into its URL: wss://user:password@host',
  ],
  402: [
    'the relay asks for a payment',
    'pay the relay’s operator for access, or remove the relay from NOSTR_RELAYS',
  ],
  403: [
    'the relay, or a proxy before it, does not admit this server',
    'ask the relay’s operator to admit the address of this server, or remove the relay from NOSTR_RELAYS',
  ],
  404: ['the relay is not at this path', 'check the path of the relay’s URL in NOSTR_RELAYS'],
  408: DOWN,
  410: ['the relay is gone for good', 'remove the relay from NOSTR_RELAYS'],
  429: [
    'the relay was dialled too often from this address',
    'do nothing: the server waits as long as the relay asks, an hour at most; if this repeats, ask the relay’s operator for a higher limit',
  ],
  451: [
    'the relay may not serve this server, by law',
    'remove the relay from NOSTR_RELAYS, or ask its operator',
  ],
  500: [
    'the relay has a fault of its own',
    'do nothing at first: the server dials again by itself; if this lasts, tell the relay’s operator',
  ],
  502: PROXY,
  504: PROXY,
};

const REFUSED_CREDENTIALS: Words = [
  'the relay refuses the user and the password of its URL',
  'check the user and the password in the relay’s URL in NOSTR_RELAYS, or ask the relay’s operator for new ones',
];

/** What the system's errors mean, and the remedies. */
const ERRORS: readonly (readonly [code: RegExp, ...Words])[] = [
  [
    /^(?:ENOTFOUND|EAI_NODATA|EAI_NONAME)$/,
    'there is no such name in the DNS',
    'check the spelling of the host in NOSTR_RELAYS, and the DNS of this machine',
  ],
  [/^(?:EAI_.*|E(?:SERVFAIL|REFUSED))$/, 'the DNS does not answer', 'check the DNS of this machine'],
  [
    /^NO_TOR$/,
    'an .onion name is reached through Tor alone',
    'run Tor on this machine and set TOR_SOCKS=127.0.0.1:9050, or remove the relay from NOSTR_RELAYS',
  ],
  [
    /^PROXY_(?:40[17]|SOCKS_AUTH)$/,
    'the outgoing proxy refuses the user and the password',
    'check the user and the password in HTTPS_PROXY: http://user:password@host:port',
  ],
  [
    /^PROXY_(?:403|SOCKS_NotAllowed)$/,
    'the outgoing proxy forbids this relay',
    'let the proxy allow CONNECT to the host and the port of the relay, or name the host in NO_PROXY if it can be reached without the proxy',
  ],
  [
    /^PROXY_(?:5\d\d|404|SOCKS_(?:HostUnreachable|NetworkUnreachable|ConnectionRefused|TTLExpired|Failure))$/,
    'the outgoing proxy does not reach the relay',
    'check that the relay runs, and the name and the port in NOSTR_RELAYS; then whether the proxy may reach it',
  ],
  [
    /^PROXY_TIMEOUT$/,
    'the outgoing proxy does not answer in time',
    'check that the proxy of HTTPS_PROXY or TOR_SOCKS runs and is not overloaded; the relay may be dead, too',
  ],
  [
    /^PROXY_/,
    'the outgoing proxy makes no connection',
    'check that the proxy of HTTPS_PROXY or TOR_SOCKS runs, and its address there',
  ],
  [
    /^ENOTPUBLIC$/,
    'its name leads to an address that is not public',
    'put the relay into NOSTR_RELAYS if it is yours; a relay that only an instance names must be public',
  ],
  [
    /^CERT_(?:HAS_EXPIRED|NOT_YET_VALID)$/,
    'its certificate is not valid at this time',
    'check the clock of this machine; if the clock is right, the relay’s operator must renew the certificate',
  ],
  [
    /^(?:ERR_TLS_CERT_ALTNAME_INVALID|HOSTNAME_MISMATCH)$/,
    'its certificate is for another name',
    'check the host in NOSTR_RELAYS; if it is right, the relay’s operator must get a certificate for it',
  ],
  [
    /^(?:DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_.*|CERT_UNTRUSTED)$/,
    'no authority that this machine knows has signed its certificate',
    'name the file of the authority that signed it in NODE_EXTRA_CA_CERTS and restart the server, or ask the relay’s operator for a public certificate',
  ],
  [
    /^(?:CERT_.*|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED)$/,
    'its certificate is not valid',
    'tell the relay’s operator: the certificate must be replaced',
  ],
  [
    /^ERR_SSL_(?:WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG)$/,
    'it does not speak TLS',
    'check the scheme and the port in NOSTR_RELAYS: a relay without TLS is at ws://, not wss://',
  ],
  [
    /^ERR_SSL_.*(?:ALERT|UNRECOGNIZED_NAME)/,
    'it speaks TLS and refuses this server',
    'check the host in NOSTR_RELAYS: the server there may have no certificate for this name; if the host is right, tell the relay’s operator',
  ],
  [
    /^(?:EPROTO|ERR_SSL_.*)$/,
    'it does not speak TLS as this server does',
    'check the scheme and the port in NOSTR_RELAYS: a relay without TLS is at ws://, not wss://; if they are right, tell the relay’s operator',
  ],
  [
    /^HPE_/,
    'it does not speak HTTP',
    'check the scheme and the port in NOSTR_RELAYS: another service is at this port, or a relay with TLS, which is at wss://, not ws://',
  ],
  [
    /^BAD_UPGRADE$/,
    'it agrees to a WebSocket in the wrong way',
    'check the URL in NOSTR_RELAYS: no relay is there, or a proxy changes the handshake',
  ],
  [
    /^ECONNREFUSED$/,
    'nothing listens at its port',
    'check that the relay runs, and the port in NOSTR_RELAYS',
  ],
  [
    /^(?:ECONNRESET|EPIPE|ECONNABORTED)$/,
    'it cut the connection off',
    'check the scheme (ws:// or wss://) and the port in NOSTR_RELAYS; if they are right, the relay or a proxy before it turns this server away: ask its operator',
  ],
  [
    /^ETIMEDOUT$/,
    'it does not answer in time',
    'check the host and the port in NOSTR_RELAYS, and that no firewall is in between; if they are right, the relay is overloaded: ask its operator',
  ],
  [
    /^(?:ENETUNREACH|EHOSTUNREACH|ENETDOWN|EHOSTDOWN|EADDRNOTAVAIL)$/,
    'no way leads there from this machine',
    'check the network of this machine; a host that has only an IPv6 address needs IPv6 here',
  ],
  [/^E(?:ACCES|PERM)$/, 'this machine forbids the connection', 'check the firewall of this machine'],
  [
    /^E(?:MFILE|NFILE)$/,
    'this machine allows the server no more open files',
    'raise the limit of open files (LimitNOFILE, ulimit -n) and restart the server',
  ],
  [
    /^WS_ERR_UNSUPPORTED_MESSAGE_LENGTH$/,
    'it sent a message that is too long',
    'tell the relay’s operator: no message may be over 4 MiB',
  ],
  [
    /^WS_ERR_/,
    'it breaks the rules of WebSockets',
    'tell the relay’s operator: the relay, or a proxy before it, damages messages',
  ],
];

/** Explains a handshake that was answered with anything but 101. */
export function refusedHandshake(answer: HandshakeAnswer): DialFailure {
  const [meaning, remedy] = wordsFor(answer);
  return { reason: `HTTP ${answer.status}: ${meaning}${askedWait(answer)}`, remedy };
}

function wordsFor({ hasCredentials, redirect, status }: HandshakeAnswer): Words {
  if ([301, 302, 303, 307, 308].includes(status)) return redirectWords(status, redirect);
  if (status === 401 && hasCredentials) return REFUSED_CREDENTIALS;
  // Cloudflare has statuses of its own for a server that it does not reach.
  if (status >= 520 && status <= 530) return PROXY;
  return STATUSES[status] ?? (status >= 500 && status < 600 && status !== 501 ? DOWN : NO_RELAY);
}

function redirectWords(status: number, redirect: Redirect): Words {
  const verb = status === 301 || status === 308 ? 'the relay has moved' : 'the relay sends this server';
  switch (redirect.to) {
    case 'another host':
      return [
        `${verb} to ${redirect.host}`,
        'put the new URL of the relay into NOSTR_RELAYS, if a relay is there: redirects are not followed',
      ];
    case 'no TLS':
      return [
        `${verb} to ${redirect.host}, without TLS`,
        'ask the relay’s operator for a URL with TLS (wss://): without it, anybody on the way can read and change what the relay sends',
      ];
    case 'another path':
      return [
        `${verb} to another path of the same host`,
        'find the new path (curl -i shows it) and put it into NOSTR_RELAYS: redirects are not followed',
      ];
    case 'a private address':
      return [
        `${verb} to an address that is not public`,
        'tell the relay’s operator: the redirect leads into a private network',
      ];
    case 'nowhere':
      return [
        `${verb} elsewhere and does not say where`,
        'ask the relay’s operator for the new URL, and put it into NOSTR_RELAYS',
      ];
  }
}

/** The wait that a server asks for is a part of the reason, because until then nothing happens. */
function askedWait({ retryAfterMs = 0 }: HandshakeAnswer): string {
  if (retryAfterMs === 0) return '';
  const wait = retryAfterMs > HOUR_MS ? 'over an hour' : `${Math.ceil(retryAfterMs / SECOND_MS)} s`;
  return `, and asks for a wait of ${wait}`;
}

/** Explains the code of an error of the system, of TLS or of DNS. */
export function failedDial(code: string): DialFailure {
  const known = ERRORS.find(([pattern]) => pattern.test(code));
  return known === undefined ? { reason: code } : { reason: `${code}: ${known[1]}`, remedy: known[2] };
}
