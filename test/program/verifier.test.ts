import { expect, test } from 'vitest';

import { GoogleStandIn } from '../../stand-ins/google-stand-in.ts';
import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { injected } from '../support/injected-fault.ts';
import { keep } from '../support/keep.ts';
import { googleEnvironment, serve } from '../support/program.ts';
import { registeredPhone } from '../support/scene.ts';
import { tempDirectory } from '../support/temp-directory.ts';
import { eventFor } from '../support/wire-events.ts';

/**
 * The compiled program with WebAssembly only, as on a machine that has neither the system's library nor the addon. After SIGUSR2
 * every instance of the library says that no signature is genuine.
 */
const ON_WEB_ASSEMBLY = `
  const { dlopen } = process;
  process.dlopen = (target, file, ...rest) => {
    if (/koffi|secp256k1/.test(file)) throw new Error('not on this machine');
    return dlopen(target, file, ...rest);
  };
  let isBroken = false;
  process.on('SIGUSR2', () => (isBroken = true));
  const { Instance } = WebAssembly;
  WebAssembly.Instance = function (...args) {
    const instance = new Instance(...args);
    const { verifySchnorr } = instance.exports;
    if (verifySchnorr === undefined) return instance;
    return { exports: { ...instance.exports, verifySchnorr: () => (isBroken ? 0 : verifySchnorr()) } };
  };`;

test('the program ends with 1 when no library is left, and the restart wakes the phone', async () => {
  const relay = keep(await RelayStandIn.start());
  const google = keep(await GoogleStandIn.start({ tls: false }));
  const directory = await tempDirectory();
  const environment = {
    ...(await googleEnvironment(google)),
    STORE: 'file',
    NOSTR_RELAYS: relay.url,
  };
  const { apiUrl, program } = await serve(
    { ...environment, ...(await injected(ON_WEB_ASSEMBLY)) },
    directory,
  );
  expect(program.stderr()).toContain('verified by libsecp256k1 (WebAssembly)');
  await relay.subscribed(1059);
  const phone = await registeredPhone({ name: 'phone', kind: 'android', serverUrl: apiUrl });
  program.kill('SIGUSR2');
  const event = eventFor([phone.tradePubkey]);
  relay.store(event);
  relay.broadcast(event);
  expect(await program.exited).toBe(1);
  expect(program.stderr()).toContain('no library verifies signatures as it should; run npm ci again');
  await serve(environment, directory);
  expect(await google.pushes.atLeast(1)).toMatchObject([{ token: phone.token }]);
});
