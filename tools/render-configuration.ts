import { VARIABLES } from '../src/config/variables.ts';
import type { Variable } from '../src/config/variable.ts';

const variables: [string, Variable<unknown>][] = Object.entries(VARIABLES);

/** `.env.example`: every variable with its help. A variable with a default is set to the default. */
export function renderEnvExample(): string {
  const lines = variables.map(([name, { help, default: fallback }]) =>
    fallback === undefined ? `# ${help}\n# ${name}=\n` : `# ${help}\n${name}=${fallback}\n`,
  );
  return [
    '# Copy this file to .env, in the directory that the server is started in, and change what you need.',
    '# Variables of the environment win over it. More about them: docs/configuration.md.\n',
    ...lines,
  ].join('\n');
}

const SERVICES = `## Web Push

The VAPID key, which \`GET /api/info\` gives as \`vapid_public_key\`, is derived from the server's key, unless
\`VAPID_PRIVATE_KEY\` has another (\`npx web-push generate-vapid-keys\` prints one in the right form). Apps subscribe for this one key. How subscriptions
outlive a change of the server's key is in [unifiedpush.md](unifiedpush.md#a-change-of-the-key): \`node dist/main.js keygen --vapid\` prints the derived key to keep. \`VAPID_SUBJECT\` is checked at the
start. Without it, and without a \`PUBLIC_URL\` of \`https\`, pushes name no contact, and Apple refuses them. Apple also refuses a contact whose host is not on the
internet (\`localhost\`, \`.local\`, an address); the start warns of it. More on this:
[unifiedpush.md](unifiedpush.md).

## Web pages

\`CORS_ALLOWED_ORIGINS\` says which web pages may call the API: \`*\` for all, or their origins (scheme, host and port). An origin in the list may call every route, and answers carry
\`Vary: Origin\`. If the list is empty, no answer allows a page anything. The API has no cookies, so \`*\` gives a page nothing that it could not do from a server of its own.

## Variables of the Rust server

\`MAX_TOKENS\` is read as \`MAX_REGISTRATIONS\`. Variables that mean nothing here (\`MOSTRO_PUBKEY\`, \`TOKEN_STORE_PATH\`, \`TOKEN_STORE_KEY\`, \`NOTIFY_RATE_LIMIT_CLEANUP_INTERVAL_SECS\`, \`NOTIFY_PUBKEY_LIMITER_SOFT_CAP\`)
are named at the start, each with the reason. Beside one of these, or \`MAX_TOKENS\`, the start also names the variables that mean something else here: [migration.md](migration.md#variable-by-variable).


\`RUST_LOG\` is read as \`env_logger\` would read it: \`info\`, or \`warn,mostro_push_backend=debug\`. Of the second form the part counts that names
the Rust server's own module. \`LOG_LEVEL\` wins over it.`;

const WRITTEN = `## How values may be written

- **A line of \`.env\`** is \`NAME=value\`, perhaps with \`export\` before it. A comment begins with a \`#\` at the begin of a value or after a space; a \`#\` inside a value
  belongs to it. A value between quotation marks may go over several lines; between double ones, \`\\n\` is a line end. A line of another form, and a name that the program
  does not know, are named at the start. Line ends of Windows and a byte order mark do no harm. A file in UTF-16 is refused.
- **Lists** are separated by commas, white space, or both: one member to a line, if you like.
- **Quotation marks** that another tool has left around a value (\`docker --env-file\` does) are taken off, as are white space and invisible characters at its ends.
- **Refused, each with its name**: two URLs that have run together, invisible and full-width characters, typographic quotation marks, a quotation mark without its partner.
  \`~\` and \`$HOME\` are refused in paths, since only a shell replaces them.
- **Key files** may begin with a byte order mark, have the lines that \`keygen\` prints, or be in base64. The Firebase key may have its line ends as \`\\n\` or as they are, in a
  file and in a variable.
- **Known keys**: a server key that is a small number, or the key of a published standard, is refused. The start warns of one that is a pattern, or from this program's test vectors.
- **Rights**: the start warns of a \`.env\` and of a Firebase key file that every user of the machine can read. Where a secret is mounted read-only, its mode is set where it is
  mounted (Kubernetes: \`defaultMode: 0440\` with \`fsGroup\`; Compose: \`mode\`, \`uid\` and \`gid\` of the secret).`;

/** `docs/configuration.md`. */
export function renderConfigurationPage(): string {
  const rows = variables.map(
    ([name, { help, default: fallback }]) =>
      `| \`${name}\` | ${fallback === undefined ? '' : `\`${fallback}\``} | ${help} |`,
  );
  return `# Configuration

The program reads variables of the environment, and a file \`.env\` in the directory that it is started in; the environment
wins. An empty variable counts as unset; \`CORS_ALLOWED_ORIGINS\` alone means something when it is empty. With an unusable configuration the start ends with exit code 78 and one
message that lists every problem, and never the value of a secret. \`node dist/main.js --check-config\` (or \`mostro-push --check-config\`)
checks without starting: it tries what the start would do, and ends with the code with which the start would end.

| variable | default | what it does |
| --- | --- | --- |
${rows.join('\n')}

Switches are \`true\` or \`false\` (or \`1\` and \`0\`, \`yes\` and \`no\`, \`on\` and \`off\`). Hours and days may have a fraction.

${WRITTEN}

## The server's key

Clients seal their device tokens to the server's public key, which \`GET /api/info\` gives. The private key is
\`SERVER_PRIVATE_KEY\`, or otherwise in the file \`SERVER_PRIVATE_KEY_FILE\`, which the first start makes with mode 0600. A file
that every user of the machine can read is refused; for one that its group can read there is a warning. Keep a copy: with
another key, tokens that clients seal to the old one no longer open. \`node dist/main.js keygen\` prints a new key as
lines for \`.env\`.

To change the key, set the new one, and set the old one as \`SERVER_PRIVATE_KEY_PREVIOUS\`. Tokens that clients seal to either key then open, and
the start reseals the store with the new one. Leave the old key set for as long as clients may still know it; the store needs
it only once.

## Where registrations are kept

Of registrations, \`STORE=memory\` keeps only UnifiedPush endpoints over a restart, in \`DATA_DIR/unifiedpush_endpoints.json\`. \`STORE=file\`
keeps every registration in \`DATA_DIR/store.json\`. Both files are sealed with the server's key: [store.md](store.md). \`STORE=redis\` keeps them, sealed as well, in
the Redis or Valkey of \`REDIS_URL\`, which several servers share: [fleet.md](fleet.md). In a password of \`REDIS_URL\` write \`@\`, \`/\`, \`?\`, \`#\` and \`%\` as \`%40\`, \`%2F\`, \`%3F\`, \`%23\` and \`%25\`;
an IPv6 address stands in brackets.

## Firebase

The service account is looked for in \`FIREBASE_SERVICE_ACCOUNT_JSON\` (the content of the key file, as it is or in base64), then in the file that \`FIREBASE_SERVICE_ACCOUNT_PATH\`
names, then in the file that \`GOOGLE_APPLICATION_CREDENTIALS\` names. A content in a variable needs no file in the container, but cannot be replaced without a restart, unless it is in \`.env\` (SIGHUP).

With \`FCM_ENABLED=true\` and none of the three the server runs: it accepts registrations, and FCM waits
for credentials. Until then FCM's wakes are counted as \`wakes_turned_away\`. \`STORE=file\` owes them to their devices over the
restart that brings the credentials; \`STORE=memory\` loses them. A key file that is named but missing or malformed is a configuration error. A file that Google refuses
is not: the server runs, logs \`fcm.oauth_failed\`, and asks again with every wake. How to get the file: [FCM in six steps](deployment.md#fcm-in-six-steps).

${SERVICES}
`;
}
