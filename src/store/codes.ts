import type { Platform, PushService } from '../core/registry/push-target.ts';
import type { WakePolicyName } from '../core/registry/registration.ts';

// The numbers of platforms and push services, on the disk and in memory. They are in files: a number never gets another meaning.

/** A platform must fit into two bits. */
export const PLATFORM_CODES = { android: 0, ios: 1, webpush: 2, web: 3 } as const satisfies Record<
  Platform,
  0 | 1 | 2 | 3
>;

/** A service less one must fit into two bits. 3 and 5 are taken on the disk, see below. */
export const SERVICE_CODES = { fcm: 1, unifiedpush: 2 } as const satisfies Record<PushService, 1 | 2 | 4>;

/** On the disk only: a UnifiedPush endpoint that is followed by its Web Push keys. */
export const UNIFIEDPUSH_WITH_KEYS = 3;
/** On the disk only: FCM, with an installation id in the place of the registration token. A version that does not know it says that the file is newer. */
export const FCM_INSTALLATION_ID = 5;

/** A wake policy must fit into three bits. 0 stands for none. */
export const POLICY_CODES = { prompt: 1, slots: 2, cohorts: 3, heartbeat: 4 } as const satisfies Record<
  WakePolicyName,
  1 | 2 | 3 | 4 | 5 | 6 | 7
>;
/** The client asked for no wake policy. */
export const NO_POLICY = 0;

const PLATFORMS = byCode<Platform>(PLATFORM_CODES);
const SERVICES = byCode<PushService>(SERVICE_CODES);
const POLICIES = byCode<WakePolicyName>(POLICY_CODES);

export function platformOf(code: number): Platform | undefined {
  return PLATFORMS[code];
}

export function serviceOf(code: number): PushService | undefined {
  return SERVICES[code];
}

export function policyOf(code: number): WakePolicyName | undefined {
  return POLICIES[code];
}

function byCode<Name extends string>(codes: Readonly<Record<Name, number>>): readonly (Name | undefined)[] {
  const names: (Name | undefined)[] = [];
  for (const name of Object.keys(codes) as Name[]) names[codes[name]] = name;
  return names;
}
