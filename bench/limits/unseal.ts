import { openToken } from '../../src/crypto/sealed-token.ts';
import { fastestCurve } from '../fastest-curve.ts';

// The limit for sealed registrations: opening sealed tokens in a loop. Arguments: the server's private key and the tokens,
// all in hex.

const [key = '', ...sealed] = process.argv.slice(2).map((hex) => Buffer.from(hex, 'hex'));
const curve = await fastestCurve();
process.on('message', (message) => {
  const { count } = message as { count?: number };
  if (count === undefined) return;
  for (let n = 0; n < count; n++) {
    const token = sealed[n % sealed.length] as Buffer;
    if (typeof openToken(token, key as Buffer, curve) === 'string')
      throw new Error('a token that does not open');
  }
  process.send?.({ opened: count });
});
process.stderr.write('ready\n');
