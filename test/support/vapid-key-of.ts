interface Info {
  readonly vapid_public_key: string;
}

/** The key that a server offers to subscribe with. */
export async function vapidKeyOf({ apiUrl }: { apiUrl: string }): Promise<string> {
  return ((await (await fetch(`${apiUrl}/api/info`)).json()) as Info).vapid_public_key;
}
