import { generate } from 'selfsigned';

const DAY_MS = 86_400_000;

export interface CertificateWishes {
  /** The name that it is for; absent: localhost and 127.0.0.1. */
  readonly name?: string;
  /** Its validity ended yesterday. */
  readonly isExpired?: boolean;
}

/** A fresh key and self-signed certificate, both PEM. */
export async function selfSignedCertificate({ isExpired = false, name }: CertificateWishes = {}): Promise<{
  key: string;
  cert: string;
}> {
  const ours = [
    { type: 7, ip: '127.0.0.1' },
    { type: 2, value: 'localhost' },
  ] as const;
  const pems = await generate([{ name: 'commonName', value: name ?? 'localhost' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    ...(isExpired && {
      notBeforeDate: new Date(Date.now() - 2 * DAY_MS),
      notAfterDate: new Date(Date.now() - DAY_MS),
    }),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', digitalSignature: true, keyCertSign: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames: name === undefined ? [...ours] : [{ type: 2, value: name }] },
    ],
  });
  return { key: pems.private, cert: pems.cert };
}
