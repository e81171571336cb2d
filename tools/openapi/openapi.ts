import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';

const NIP_98 = {
  type: 'http',
  scheme: 'Nostr',
  description:
    'NIP-98: base64 of a kind 27235 event whose author is the trade_pubkey, with the tags `u`, `method` and `payload` ' +
    '(SHA-256 of the body, in hex); within 60 seconds, and once. A signed registration is owned: until it expires, only ' +
    'a request signed with the same key replaces or removes it.',
} as const;

/** The OpenAPI document without its paths, which come from the routes. */
export function openApi(version: string): FastifyDynamicSwaggerOptions {
  return {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'mostro-push-server',
        description: 'Wakes sleeping phones for Mostro trades.',
        license: { name: 'MIT', identifier: 'MIT' } as { name: string },
        version,
      },
      components: { securitySchemes: { nip98: NIP_98 } },
    },
  };
}
