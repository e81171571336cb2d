interface Info {
  readonly vapid_public_key: string;
}

/** The VAPID public key that `/api/info` offers. */
export async function vapidKeyOf({ apiUrl }: { apiUrl: string }): Promise<string> {
  return ((await (await fetch(`${apiUrl}/api/info`)).json()) as Info).vapid_public_key;
}
