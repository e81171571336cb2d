// An app that is woken through UnifiedPush, in one file: it makes a Web Push subscription, registers it for a trade key,
// waits for one wake, and decrypts it. On a phone the UnifiedPush connector does the first and the last of this.
//
//   node examples/unifiedpush-app.mjs <mostro-push-server> <endpoint at an ntfy, or -> [<relay>]
//
// With - it is its own push server, on loopback. With a relay it also publishes the event that wakes it.
import { createDecipheriv, createECDH, createHmac, randomBytes } from 'node:crypto';
import { on, once } from 'node:events';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';

import { finalizeEvent, generateSecretKey, getPublicKey } from 'nostr-tools/pure';
import { WebSocket } from 'ws';

const [server, pushServer, relay] = process.argv.slice(2);
if (server === undefined || pushServer === undefined) {
  console.error(
    'usage: node examples/unifiedpush-app.mjs <mostro-push-server> <endpoint at an ntfy, or -> [<relay>]',
  );
  process.exit(64);
}

// 1. A subscription: an endpoint, which is a secret, and keys of which the private half never leaves the app.
const pair = createECDH('prime256v1');
const publicKey = pair.generateKeys();
const auth = randomBytes(16);
const { endpoint, messages } = await (pushServer === '-' ? ownPushServer() : ntfy(pushServer));
const keys = { p256dh: publicKey.toString('base64url'), auth: auth.toString('base64url') };

// 2. What this push server signs its requests with. A connector or a browser wants it when it subscribes.
const { vapid_public_key: vapidKey } = await (await fetch(`${server}/api/info`)).json();
console.log(`subscribe with   ${vapidKey}`);

// 3. The trade key: what a Mostro daemon names in the `p` tag of its events.
const tradePubkey = getPublicKey(generateSecretKey());
const response = await fetch(`${server}/api/register`, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ trade_pubkey: tradePubkey, subscription: { endpoint, keys } }),
});
console.log(`registered       ${tradePubkey}: ${response.status} ${await response.text()}`);
if (!response.ok) process.exit(1);

// 4. The wake: an event came for the key. It says no more than that; the app asks its relays.
if (relay !== undefined) await publishFor(tradePubkey, relay);
for await (const message of messages) {
  console.log(`woken by         ${decrypt(message)}`);
  break;
}
process.exit(0);

/** RFC 8291, the receiving side: what the UnifiedPush connector, or the browser, does. */
function decrypt(body) {
  const [salt, sender] = [body.subarray(0, 16), body.subarray(21, 86)];
  const info = Buffer.concat([Buffer.from('WebPush: info\0'), publicKey, sender]);
  const shared = hkdf(auth, pair.computeSecret(sender), info, 32);
  const key = hkdf(salt, shared, Buffer.from('Content-Encoding: aes128gcm\0'), 16);
  const nonce = hkdf(salt, shared, Buffer.from('Content-Encoding: nonce\0'), 12);
  const decipher = createDecipheriv('aes-128-gcm', key, nonce);
  decipher.setAuthTag(body.subarray(-16));
  const padded = Buffer.concat([decipher.update(body.subarray(86, -16)), decipher.final()]);
  return padded.toString('utf8', 0, padded.lastIndexOf(2)); // A 2 ends the text, zeros follow.
}

function hkdf(salt, secret, info, length) {
  const extracted = createHmac('sha256', salt).update(secret).digest();
  return createHmac('sha256', extracted).update(info).update('\x01').digest().subarray(0, length);
}

/** Takes what is posted to an endpoint of its own. */
async function ownPushServer() {
  const http = createServer().listen(0, '127.0.0.1');
  await once(http, 'listening');
  const requests = on(http, 'request');
  async function* posted() {
    for await (const [request, answer] of requests) {
      const body = await buffer(request);
      answer.writeHead(201).end();
      yield body;
    }
  }
  return { endpoint: `http://127.0.0.1:${http.address().port}/upExample`, messages: posted() };
}

/** Listens to an ntfy as its app does: one line of JSON for each message, in base64 where it is not text. */
async function ntfy(url) {
  const topic = new URL(url);
  const { body } = await fetch(`${topic.origin}${topic.pathname}/json`);
  async function* subscribed() {
    for await (const line of createInterface({ input: Readable.fromWeb(body) })) {
      const { event, message, encoding } = JSON.parse(line);
      if (event === 'message') yield Buffer.from(message, encoding ?? 'utf8');
    }
  }
  return { endpoint: url, messages: subscribed() };
}

/** Publishes what a Mostro daemon would: an event whose `p` tag names the key. */
async function publishFor(recipient, url) {
  const template = {
    kind: 14,
    created_at: Math.floor(Date.now() / 1000),
    tags: [['p', recipient]],
    content: 'x',
  };
  const socket = new WebSocket(url);
  await once(socket, 'open');
  socket.send(JSON.stringify(['EVENT', finalizeEvent(template, generateSecretKey())]));
  const [answer] = await once(socket, 'message');
  console.log(`the relay says   ${answer}`);
  socket.close();
}
