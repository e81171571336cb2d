/** What a server answered to a WebSocket handshake in place of 101 (RFC 6455, 4.2.2). */
export interface HandshakeAnswer {
  readonly status: number;
  /** Where the server says that the relay is: the host, without path or query. */
  readonly movedTo?: string;
  /** How long the server asks us to stay away (`Retry-After`), in milliseconds. */
  readonly retryAfterMs?: number;
}

/** Why there is no connection, and what the operator can do. Holds nothing of a URL but a host. */
export interface DialFailure {
  /** A few words for people; begins with the code of an error, or with `HTTP` and the status. */
  readonly reason: string;
  /** Absent if nothing is known that helps. */
  readonly remedy?: string;
}

/** What a server means by a status, and the remedy. */
const STATUSES: Readonly<Record<number, readonly [meaning: string, remedy: string]>> = {
  401: [
    'the relay asks for a user and a password',
    'put the user and the password that the relay’s operator gave you into its URL: wss://user:password@host',
  ],
  403: [
    'the relay, or a proxy before it, does not admit this server',
    'ask the relay’s operator to admit the address of this server, or remove the relay from NOSTR_RELAYS',
  ],
  404: ['the relay is not at this path', 'check the path of the relay’s URL in NOSTR_RELAYS'],
  429: [
    'the relay was dialled too often from this address',
    'do nothing: the server waits as long as the relay asks; if this repeats, ask the relay’s operator for a higher limit',
  ],
};

const MOVED = 'put the new URL of the relay into NOSTR_RELAYS: redirects are not followed';
const NO_RELAY =
  'check the URL in NOSTR_RELAYS: a web page is there and no relay, or a proxy does not pass WebSockets on';
const DOWN = 'do nothing if it passes: the relay is down, or overloaded; else ask its operator';

/** What the system's errors mean, and the remedies. */
const ERRORS: readonly (readonly [code: RegExp, meaning: string, remedy: string])[] = [
  [
    /^ENOTFOUND$/,
    'there is no such name in the DNS',
    'check the spelling of the host in NOSTR_RELAYS, and the DNS of this machine',
  ],
  [/^EAI_AGAIN$/, 'the DNS does not answer', 'check the DNS of this machine'],
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
    /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    'its certificate is for another name',
    'check the host in NOSTR_RELAYS; if it is right, the relay’s operator must get a certificate for it',
  ],
  [
    /^(?:DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_.*)$/,
    'no authority that this machine knows has signed its certificate',
    'name the file of the authority that signed it in NODE_EXTRA_CA_CERTS, or ask the relay’s operator for a public certificate',
  ],
  [
    /^(?:EPROTO|ERR_SSL_.*)$/,
    'it does not speak TLS as this server does',
    'check the scheme and the port in NOSTR_RELAYS: a relay without TLS is at ws://, not wss://',
  ],
  [
    /^HPE_/,
    'it does not speak HTTP',
    'check the scheme and the port in NOSTR_RELAYS: a relay with TLS is at wss://, not ws://',
  ],
  [
    /^ECONNREFUSED$/,
    'nothing listens at its port',
    'check that the relay runs, and the port in NOSTR_RELAYS',
  ],
];

/** Explains a handshake that was answered with anything but 101. */
export function refusedHandshake({ movedTo, status }: HandshakeAnswer): DialFailure {
  const known = STATUSES[status];
  if (known !== undefined) return { reason: `HTTP ${status}: ${known[0]}`, remedy: known[1] };
  if (status >= 300 && status < 400)
    return { reason: `HTTP ${status}: the relay has moved${movedTo ? ` to ${movedTo}` : ''}`, remedy: MOVED };
  if (status >= 500) return { reason: `HTTP ${status}: the relay is down`, remedy: DOWN };
  return { reason: `HTTP ${status}: no relay answers at this URL`, remedy: NO_RELAY };
}

/** Explains the code of an error of the system, of TLS or of DNS. */
export function failedDial(code: string): DialFailure {
  const known = ERRORS.find(([pattern]) => pattern.test(code));
  return known === undefined ? { reason: code } : { reason: `${code}: ${known[1]}`, remedy: known[2] };
}
