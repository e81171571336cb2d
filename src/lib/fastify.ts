import type * as Fastify from 'fastify';

import { loadCommonJs } from './load-commonjs.ts';

export const { fastify } = loadCommonJs('fastify') as typeof Fastify;

/**
 * For `schemaController.compilersFactory`: Fastify's own compilers take longer to load than either of the two listeners, and no
 * route has a schema for them. Bodies are read with zod.
 */
export const NO_SCHEMAS = { buildValidator: neverBuilt, buildSerializer: neverBuilt };

function neverBuilt(): never {
  throw new TypeError('a schema for Fastify, whose compilers are not loaded');
}
