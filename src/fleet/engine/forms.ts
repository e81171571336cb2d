import { MINUTE_MS } from '../../core/basics/clock.ts';

/** The forms of the data in the engine: of records, claims, and all else that servers write for one another. */
export interface Forms {
  /** The oldest form that this version reads and writes. */
  readonly oldest: number;
  /** The newest form that this version reads and writes. */
  readonly newest: number;
  /** For how long after the last word of a server that does not read it nobody writes a newer form, in milliseconds. */
  readonly holdMs: number;
}

/**
 * The forms of this version. The marker of the database has the form in which all servers write. It goes up by one when no server was
 * heard of for a while that does not read the next form (`take-marker.ts`); it never goes down.
 *
 * Whoever changes what lies in the engine so that this version would misread it makes a new form: raises `newest`, writes what is new only
 * where `Engine.form` has reached it, and goes on reading the older forms. `test/fleet/stored-form.test.ts` fails for who forgets.
 */
export const FORMS: Forms = { oldest: 1, newest: 1, holdMs: 15 * MINUTE_MS };
