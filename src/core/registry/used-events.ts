/**
 * The ids of events that signed an HTTP request (contract 1.3). Each id authorises one request, and is kept until the event is too old to
 * sign one. A port, since `http/` asks and `store/` answers, and neither may import the other.
 */
export interface UsedEvents {
  has(id: string): boolean;
  /** Keeps the id of a verified event, which must be new. @returns whether there was room. Without room the request must be refused */
  add(id: string): boolean;
}
