import { z } from 'zod';

import { parseAllowedHost } from '../core/registry/allowed-host.ts';
import { parseVapidPrivateKey, parseVapidSubject } from './vapid.ts';
import { httpUrl, list, oneOf, onOff, optional, path, prose, read, text, variable } from './variable.ts';

/** The ID of a Google project. Those of a company's own domain begin with that: `example.com:project`. */
const PROJECT_ID = /^(?:[a-z\d.-]{1,63}:)?[a-z](?:[a-z\d-]{0,28}[a-z\d])?$/;

const projectId = read(
  'the project ID, which has lower-case letters, digits and hyphens',
  (written) => (PROJECT_ID.test(written) ? written : undefined),
  (written) =>
    /^\d+$/.test(written)
      ? 'this is the project number: the ID stands beside it in the Firebase console'
      : undefined,
);
const vapidSubject = read('mailto: and an address, or an https: URL', parseVapidSubject);
const vapidPrivateKey = read(
  'a private key of P-256: 64 hex characters or 43 of base64url',
  parseVapidPrivateKey,
);
const dataType = z
  .string()
  .regex(/^[\w.-]{1,64}$/, 'expected a word of at most 64 letters, digits, dots, dashes and underscores');
const allowedHosts = list(
  'host names, addresses or *. and a name, each with a port or without, separated by commas',
  parseAllowedHost,
);

/** The push services: FCM, UnifiedPush and Web Push (contract 4). */
export const PUSH_VARIABLES = {
  FCM_ENABLED: variable('Push to Android phones and iPhones through Firebase.', onOff, 'true'),
  FIREBASE_PROJECT_ID: optional(
    'The ID of the Firebase project. Default: the one in the key file.',
    projectId,
  ),
  FIREBASE_SERVICE_ACCOUNT_JSON: optional(
    'The content of the service account key file, as it is or in base64. It wins over the path.',
    prose(text),
    { secret: true },
  ),
  FIREBASE_SERVICE_ACCOUNT_PATH: optional('The service account key file from the Firebase console.', path),
  GOOGLE_APPLICATION_CREDENTIALS: optional(
    "Google's own name of the key file's path, used if neither of the two before is set.",
    path,
  ),
  FCM_BASE_URL: variable(
    'The address of FCM. Change it only for tests.',
    httpUrl,
    'https://fcm.googleapis.com',
  ),
  FCM_PAYLOAD_MODE: variable(
    "silent: the push wakes the app and shows nothing. alert: it shows the Rust server's notice, which also reaches apps that were killed.",
    oneOf('silent', 'alert'),
    'silent',
  ),
  FCM_DATA_TYPE: optional(
    "The word in data.type of an FCM message for an event, for an app that knows another. Default: silent_wake, and with FCM_PAYLOAD_MODE=alert the Rust server's trade_update.",
    dataType,
  ),
  UNIFIEDPUSH_ENABLED: variable('Push to UnifiedPush endpoints (GrapheneOS, LineageOS).', onOff, 'true'),
  UNIFIEDPUSH_ALLOW_PRIVATE_ENDPOINTS: variable(
    'Allow endpoints that are http or on private addresses, and discovered relays that are ws or on private addresses. Only for tests and home labs.',
    onOff,
    'false',
  ),
  UNIFIEDPUSH_ALLOWED_HOSTS: optional(
    'Push hosts of your own, separated by commas, which may be on private addresses and, if not behind *., http: ntfy.lan:8443, 192.168.1.5:8443, *.example.org. Strangers can make the server call these hosts.',
    allowedHosts,
  ),
  VAPID_SUBJECT: optional(
    'Where the operators of push servers can reach you: mailto: or https:. Apple requires it. Default: PUBLIC_URL, if it is https.',
    vapidSubject,
  ),
  VAPID_PRIVATE_KEY: optional(
    "The key that signs Web Push requests. If you change it, every app must subscribe again. Default: derived from the server's key (keygen --vapid prints it).",
    vapidPrivateKey,
    { secret: true },
  ),
} as const;
