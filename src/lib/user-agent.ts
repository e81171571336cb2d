/** How every request of this server names itself, so that the operator of a relay or a push server knows whom to ask. */
export function userAgent(version: string): string {
  return `mostro-push-server/${version}`;
}
