import { readServiceAccount, type ServiceAccount } from '../../src/push/fcm/service-account.ts';
import { GoogleStandIn } from '../../stand-ins/google-stand-in.ts';
import { keep } from './keep.ts';
import { tempDirectory } from './temp-directory.ts';

/** Google without TLS, because this process does not trust the certificates of stand-ins; and a key file of it. */
export async function fakeGoogle(): Promise<{ google: GoogleStandIn; account: ServiceAccount }> {
  const google = keep(await GoogleStandIn.start({ tls: false }));
  const path = await google.writeServiceAccount(await tempDirectory());
  return { google, account: await readServiceAccount(path) };
}
