const PREFIX = 'companion-of-';

/** The token, or the endpoint, of a device that shares a cohort with another one, so that no third device does. No test is about it. */
export function companionOf(address: string): string {
  return address.includes('://') ? address.replace('/up', `/up${PREFIX}`) : `${PREFIX}${address}`;
}

/** @param address a token, or the path of an endpoint */
export function isCompanion(address: string): boolean {
  return address.includes(PREFIX);
}
