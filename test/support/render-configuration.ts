import { VARIABLES } from '../../src/config/variables.ts';
import type { Variable } from '../../src/config/variable.ts';

const variables: [string, Variable<unknown>][] = Object.entries(VARIABLES);

/** `.env.example`: every variable with a line on it, those with a default set to it. */
export function renderEnvExample(): string {
  const lines = variables.map(([name, { help, default: fallback }]) =>
    fallback === undefined ? `# ${help}\n# ${name}=\n` : `# ${help}\n${name}=${fallback}\n`,
  );
  return [
    '# Copy this file to .env, in the directory that the server is started in, and change what you need.',
    '# The environment wins over it. More on every variable: docs/configuration.md.\n',
    ...lines,
  ].join('\n');
}

/** `docs/configuration.md`. */
export function renderConfigurationPage(): string {
  const rows = variables.map(
    ([name, { help, default: fallback }]) =>
      `| \`${name}\` | ${fallback === undefined ? '' : `\`${fallback}\``} | ${help} |`,
  );
  return `# Configuration

Variables of the environment, or of a file \`.env\` in the directory that the server is started in; the environment
wins. An empty variable counts as unset. A configuration that is not usable stops the start with exit code 78 and one
message that lists every problem, never the value of a secret. \`node dist/main.js --check-config\` (or \`mostro-push\`, the
package's \`bin\`) checks without starting.

| variable | default | what it does |
| --- | --- | --- |
${rows.join('\n')}

Switches are \`true\` or \`false\` (\`1\` and \`0\` do as well). Hours and days may have a fraction.

## The server's key

Clients seal their device tokens to the server's public key, which \`GET /api/info\` gives. The private key is
\`SERVER_PRIVATE_KEY\`, or else the file \`SERVER_PRIVATE_KEY_FILE\`, which the first start makes with mode 0600. A file
that every user of the machine can read is refused; one that its group can read is warned about. Keep a copy: with
another key, tokens that clients seal to the old one no longer open. \`node dist/main.js keygen\` prints a new key as
lines for \`.env\`.

To change the key, set the new one, and the old one as \`SERVER_PRIVATE_KEY_PREVIOUS\`: tokens that clients seal to either open, and
the store is resealed with the new one at the start. Leave it set for as long as clients may still know the old key; the store needs
it once.

## Where registrations are kept

\`STORE=memory\` keeps UnifiedPush endpoints over a restart, in \`DATA_DIR/unifiedpush_endpoints.json\`, and nothing else. \`STORE=file\`
keeps every registration in \`DATA_DIR/store.json\`. Both are sealed with the server's key: [store.md](store.md).

## Firebase

\`FCM_ENABLED=true\` without \`FIREBASE_SERVICE_ACCOUNT_PATH\` serves all the same: registrations are accepted and FCM waits
for credentials. Until it has them its wakes are counted as \`wakes_turned_away\`; \`STORE=file\` owes them to their devices over the
restart that brings the credentials, \`STORE=memory\` loses them. A key file that is named but missing or malformed is a configuration error. One that Google refuses
is not: the server runs, logs \`fcm.oauth_failed\`, and asks again with every wake.

## Web Push

The VAPID key, which \`GET /api/info\` gives as \`vapid_public_key\`, is derived from the server's key unless
\`VAPID_PRIVATE_KEY\` has another (\`npx web-push generate-vapid-keys\` prints one in the form that is taken). Apps subscribe for one such key: with a new one, be
it that the server's key was changed, many push servers refuse until the app has subscribed anew. \`VAPID_SUBJECT\` is checked at the
start; without it, and without a \`PUBLIC_URL\` of \`https\`, pushes name no contact, and Apple refuses them. All of it:
[unifiedpush.md](unifiedpush.md).

## The incumbent's logging variable

\`RUST_LOG\` is read as \`env_logger\` would: \`info\`, or \`warn,mostro_push_backend=debug\`, of which the part that names
the incumbent's own module counts. \`LOG_LEVEL\` wins over it.
`;
}
