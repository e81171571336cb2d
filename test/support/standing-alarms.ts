/** The alarms that stand at this moment, by name, as the metrics page has them. */
export async function standingAlarms({ adminUrl }: { readonly adminUrl: string }): Promise<string[]> {
  const page = await (await fetch(`${adminUrl}/metrics`)).text();
  return [...page.matchAll(/^mostro_push_alarm\{alarm="([^"]+)"\} 1$/gm)].map(([, alarm]) => alarm ?? '');
}
