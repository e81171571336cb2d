import type { PushTarget } from '../registry/push-target.ts';
import type { Delivery, Push } from './delivery.ts';

/** Speaks to one push service. A provider never throws for what a push service does: it answers with a {@link Delivery}. */
export interface PushProvider<Target extends PushTarget = PushTarget> extends AsyncDisposable {
  readonly name: Target['type'];
  send(target: Target, push: Push, signal: AbortSignal): Promise<Delivery>;
}
