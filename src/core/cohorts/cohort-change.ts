import type { PushTarget } from '../registry/push-target.ts';

/**
 * One change of the cohorts. All changes, applied from the first to the last, make the cohorts.
 *
 * - `formed`: a cohort begins, without members, and takes newcomers of its view.
 * - `closed`: it takes no newcomers any more. `size` is how many places it should have.
 * - `joined`: a device is a member of this cohort now, and of no other. `until`: its keys have expired, and it leaves at that time.
 * - `left`: a device is a member no more.
 * - `ended`: a cohort without members is no more. Its number is not used again.
 * - `due`: a burst of the cohort has begun; `woken`: the burst is over.
 *
 * The record is rewritten while changes go on. So a change may come twice, the first time too early: then it must do no harm.
 */
export type CohortChange =
  | { readonly type: 'formed'; readonly cohort: number; readonly view: string }
  | { readonly type: 'closed'; readonly cohort: number; readonly size: number }
  | {
      readonly type: 'joined';
      readonly cohort: number;
      readonly place: number;
      readonly target: PushTarget;
      readonly until?: number;
    }
  | { readonly type: 'left'; readonly target: PushTarget }
  | { readonly type: 'ended' | 'due' | 'woken'; readonly cohort: number };
