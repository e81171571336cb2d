/** The ids of events that signed an HTTP request (contract 1.3): each authorises one, and is kept for as long as it could. */
export interface UsedEvents {
  has(id: string): boolean;
  /** Keeps the id of a verified event that is not held. @returns whether there was room; if not, it must not be accepted */
  add(id: string): boolean;
}
