import { createRequire } from 'node:module';

/**
 * Loads a CommonJS package at once. An `import` would first read all of the package's source for the names that it exports, which
 * takes as long as running it (`ws`: three times as long), at every start.
 */
export const loadCommonJs: (name: string) => unknown = createRequire(import.meta.url);
