import { expect, test } from 'vitest';

import { tempDirectory } from '../../test/support/temp-directory.ts';
import { generatePrivateKey } from '../crypto/server-key.ts';
import { loadStartup } from './load-startup.ts';

const KEY = generatePrivateKey();
const NOT_SIGNED = 'PUBLIC_URL is not set: signed registrations are checked against the Host header alone';
const OTHER = generatePrivateKey();
const ROTATING = expect.stringContaining('mostro-push keygen --vapid');
const NOTICES =
  'FCM_PAYLOAD_MODE=alert shows a notice at every wake, also at those of cohorts and heartbeat without an event';
const FORGEABLE = expect.stringMatching(/^client addresses are believed .*Set SERVER_HOST=127\.0\.0\.1/);
const TRUSTING = { REGISTRATION_AUTH: 'off', NOTIFY_TRUST_PROXY_HEADERS: 'true' };
const NO_LIST = 'TRUSTED_WHITELIST_ENABLED has no effect without MOSTRO_PUBKEYS';

const refusedIn = (variable: string): unknown =>
  expect.stringMatching(new RegExp(`^Apple refuses the contact of Web Push in ${variable}, `));

test.each([
  [{}, [NOT_SIGNED]],
  [{ REGISTRATION_AUTH: 'required' }, [NOT_SIGNED]],
  [{ REGISTRATION_AUTH: 'off' }, []],
  [{ PUBLIC_URL: 'https://push.example' }, []],
  [{ PUBLIC_URL: 'https://192.0.2.1', VAPID_SUBJECT: '' }, [refusedIn('PUBLIC_URL')]],
  [{ REGISTRATION_AUTH: 'off', VAPID_SUBJECT: 'mailto:ops@push.local' }, [refusedIn('VAPID_SUBJECT')]],
  [{ REGISTRATION_AUTH: 'off', VAPID_SUBJECT: 'https://[2001:db8::1]/' }, [refusedIn('VAPID_SUBJECT')]],
  [
    { REGISTRATION_AUTH: 'off', SERVER_PRIVATE_KEY: 'ab'.repeat(32) },
    [expect.stringContaining('for tests alone')],
  ],
  [{ REGISTRATION_AUTH: 'off', FCM_PAYLOAD_MODE: 'alert', WAKE_POLICIES_OFFERED: 'heartbeat' }, [NOTICES]],
  [{ REGISTRATION_AUTH: 'off', FCM_PAYLOAD_MODE: 'alert', WAKE_POLICY: 'slots' }, []],
  [{ REGISTRATION_AUTH: 'off', SERVER_PRIVATE_KEY: KEY, SERVER_PRIVATE_KEY_PREVIOUS: OTHER }, [ROTATING]],
  [{ REGISTRATION_AUTH: 'off', SERVER_PRIVATE_KEY_PREVIOUS: OTHER, VAPID_PRIVATE_KEY: KEY }, []],
  [{ REGISTRATION_AUTH: 'off', TRUSTED_WHITELIST_ENABLED: 'true' }, [NO_LIST]],
  [{ REGISTRATION_AUTH: 'off', TRUSTED_WHITELIST_ENABLED: 'true', MOSTRO_PUBKEYS: KEY }, []],
  [TRUSTING, [FORGEABLE]],
  [{ ...TRUSTING, SERVER_HOST: '::' }, [FORGEABLE]],
  [{ REGISTRATION_AUTH: 'off', TRUST_PROXY: 'true', SERVER_HOST: '[::]' }, [FORGEABLE]],
  [{ ...TRUSTING, SERVER_HOST: '127.0.0.1' }, []],
  [{ ...TRUSTING, FLY_APP_NAME: 'push' }, []],
])('with %j a start is warned of %j', async (environment, warnings) => {
  const quiet = { FCM_ENABLED: 'false', VAPID_SUBJECT: 'mailto:ops@push.example' };
  const all = { DATA_DIR: await tempDirectory(), ...quiet, ...environment };
  expect((await loadStartup(all, { createKey: false })).warnings).toEqual(warnings);
});
