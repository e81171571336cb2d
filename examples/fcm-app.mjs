// An app that is woken through FCM, in one file: it seals its device token to the server, signs its requests with the trade key,
// registers, registers again after a token refresh, and unregisters. docs/client.md explains each step.
//
//   node examples/fcm-app.mjs <mostro-push-server> [<FCM token>]
//
// Without a token it registers an invented one: the calls are then real, and no phone is woken.
import { createCipheriv, createECDH, createHash, hkdfSync, randomBytes } from 'node:crypto';

import { finalizeEvent, generateSecretKey, getPublicKey } from 'nostr-tools/pure';

const [server, fcmToken = inventedToken()] = process.argv.slice(2);
if (server === undefined) {
  console.error('usage: node examples/fcm-app.mjs <mostro-push-server> [<FCM token>]');
  process.exit(64);
}

// 1. Ask the server for the key that tokens are sealed to.
const info = await (await fetch(`${server}/api/info`)).json();
console.log(`server           version ${info.version}, key ${info.server_pubkey}`);

// 2. A trade key: fresh for every trade. A Mostro daemon names its public half in the `p` tag of its events.
const tradeSecretKey = generateSecretKey();
const tradePubkey = getPublicKey(tradeSecretKey);

// 3. Register the device for the trade key.
await register(fcmToken);

// 4. Firebase has given the app another token: register every trade key that is still in use again.
await register(inventedToken());

// 5. Wait for pushes. After each one, ask the relays for new events. This step needs no call of the server.

// 6. The trade is over.
await call('/api/unregister', { trade_pubkey: tradePubkey });

async function register(token) {
  const encryptedToken = sealToken(info.server_pubkey, 'android', token).toString('base64');
  await call('/api/register', { trade_pubkey: tradePubkey, encrypted_token: encryptedToken });
}

/** Sends a request that is signed with the trade key, and ends the example if the server refuses it. */
async function call(path, content) {
  const url = `${server}${path}`;
  const body = JSON.stringify(content);
  const headers = { 'content-type': 'application/json', authorization: signature(url, body) };
  const response = await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(10_000) });
  console.log(`${path.slice(5).padEnd(16)} ${response.status} ${await response.text()}`);
  if (!response.ok) process.exit(1);
}

/** NIP-98: an event that names the URL, the method and the body, signed with the trade key. Each event is good for one request. */
function signature(url, body) {
  const payload = createHash('sha256').update(body).digest('hex');
  const template = {
    kind: 27_235,
    created_at: Math.floor(Date.now() / 1000),
    tags: [
      ['u', url],
      ['method', 'POST'],
      ['payload', payload],
    ],
    content: '',
  };
  const event = finalizeEvent(template, tradeSecretKey);
  return `Nostr ${Buffer.from(JSON.stringify(event)).toString('base64')}`;
}

/** `mostro-push-v1`: 281 bytes that only the server can open. */
function sealToken(serverPubkey, platform, token) {
  const bytes = Buffer.from(token, 'utf8');
  if (bytes.length > 217) throw new Error('a token of more than 217 bytes needs mostro-push-v2');
  // platform(1) || length(2, big endian) || token || random padding, 220 bytes in all
  const plaintext = randomBytes(220);
  plaintext[0] = platform === 'ios' ? 1 : 2;
  plaintext.writeUInt16BE(bytes.length, 1);
  bytes.copy(plaintext, 3);

  // A key pair for this one token. The shared secret is the x coordinate of the ECDH point.
  const ephemeral = createECDH('secp256k1');
  const ephemeralPubkey = ephemeral.generateKeys(null, 'compressed');
  const sharedX = ephemeral.computeSecret(Buffer.from(serverPubkey, 'hex'));
  const key = Buffer.from(hkdfSync('sha256', sharedX, 'mostro-push-v1', 'mostro-token-encryption', 32));

  const nonce = randomBytes(12);
  const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 });
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([ephemeralPubkey, nonce, ciphertext, cipher.getAuthTag()]);
}

function inventedToken() {
  return `${randomBytes(8).toString('base64url')}:APA91b${randomBytes(100).toString('base64url')}`;
}
