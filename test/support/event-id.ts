import { createHash } from 'node:crypto';

/** An event id, another for every number. */
export function eventId(n: number): string {
  return createHash('sha256').update(`event ${n}`).digest('hex');
}
