import { fastify } from 'fastify';

// The limit for registrations: the HTTP framework with a handler that does nothing.

const app = fastify({ logger: false });
app.post('/api/register', async () => ({
  success: true,
  message: 'Token registered successfully',
  platform: 'android',
}));
await app.listen({ port: 0, host: '127.0.0.1' });
const address = app.server.address();
process.stderr.write(`port ${typeof address === 'object' ? address?.port : ''}\nready\n`);
