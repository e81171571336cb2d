import { readServiceAccount, type ServiceAccount } from '../../src/push/fcm/service-account.ts';
import { GoogleStandIn } from '../../stand-ins/google-stand-in.ts';
import { keep } from './keep.ts';
import { tempDirectory } from './temp-directory.ts';

/** A Google without TLS, since the test's own process trusts no stand-in, and the key file it gave out. */
export async function fakeGoogle(): Promise<{ google: GoogleStandIn; account: ServiceAccount }> {
  const google = keep(await GoogleStandIn.start({ tls: false }));
  const path = await google.writeServiceAccount(await tempDirectory());
  return { google, account: await readServiceAccount(path) };
}
