/**
 * The ids of events that signed an HTTP request (contract 1.3). Each id authorises one request, and is kept until the event is too old to
 * sign one. A port, since `http/` asks and `store/` answers, and neither may import the other.
 */
export interface UsedEvents {
  /** Whether the id is known here to be used. A cheap question, asked before the signature is verified. */
  has(id: string): boolean;
  /**
   * Uses the id of a verified event.
   *
   * @returns `new` if it authorises this request; `used` if it has authorised another one; `full` if there was no room to keep it: then
   *   the request must be refused
   */
  use(id: string): Promise<'new' | 'used' | 'full'>;
}
