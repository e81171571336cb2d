import { WayOut } from '../../src/net/way-out.ts';

/** The way out of a server without any proxy. */
export const DIRECTLY = new WayOut({ proxy: undefined, exceptions: '', tor: undefined });
