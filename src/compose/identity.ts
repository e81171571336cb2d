import type { CompositionOptions } from './options.ts';
import { InstanceTags } from '../crypto/instance-tags.ts';
import { deriveVapidKey, vapidKey } from '../crypto/vapid-key.ts';
import type { VapidIdentity } from '../push/unifiedpush/vapid-tokens.ts';

/** Recognises the instances that clients have named. */
export function instanceTags({ previousKey, serverKey }: CompositionOptions): InstanceTags {
  const keys = previousKey === undefined ? [serverKey] : [serverKey, previousKey];
  return new InstanceTags(keys.map(({ privateKey }) => privateKey.reveal()));
}

/** Who signs Web Push requests: the present identity, and the one that subscriptions before a change of the server's key are bound to. */
export function vapidIdentities({ config, previousKey, serverKey }: CompositionOptions): {
  readonly vapid: VapidIdentity;
  readonly previousVapid: VapidIdentity | undefined;
} {
  const { subject, privateKey: configured } = config.vapid;
  const { privateKey, publicKey } =
    configured === undefined ? deriveVapidKey(serverKey.privateKey.reveal()) : vapidKey(configured.reveal());
  // Where VAPID_PRIVATE_KEY keeps the former key, apps may have subscribed by the server's present key before it was set.
  const former = previousKey === undefined ? [] : [previousKey, serverKey];
  const derived = former.map((key) => deriveVapidKey(key.privateKey.reveal()));
  const previous = derived.find((key) => key.publicKey !== publicKey);
  return {
    vapid: { privateKey, publicKey, subject },
    previousVapid: previous && { privateKey: previous.privateKey, publicKey: previous.publicKey, subject },
  };
}
