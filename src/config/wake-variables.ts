import { WAKE_POLICIES, type WakePolicyName } from '../core/registry/registration.ts';
import { list, numberBetween, oneOf, optional, variable, wholeNumber } from './variable.ts';

const isPolicy = (name: string): WakePolicyName | undefined =>
  WAKE_POLICIES.find((policy) => policy === name.toLowerCase());

/** When wakes leave (contract 9). */
export const WAKE_VARIABLES = {
  WAKE_POLICY: variable(
    'When wakes leave. prompt: at once, and grouped after that. slots: at the edges of fixed time slots. cohorts: the same, together with other devices. heartbeat: at fixed intervals, whatever happens. What each one hides and costs: docs/wake-policies.md.',
    oneOf(...WAKE_POLICIES),
    'prompt',
  ),
  WAKE_POLICIES_OFFERED: optional(
    'Policies that a client may ask for instead when it registers, separated by commas. Default: none.',
    list(`${WAKE_POLICIES.join(' or ')}, separated by commas`, isPolicy),
  ),
  WAKE_SLOT_SECONDS: variable('slots and cohorts: seconds of a time slot.', wholeNumber(1, 600), '30'),
  WAKE_COHORT_SIZE: variable('cohorts: devices that are woken together.', wholeNumber(2, 64), '8'),
  WAKE_HEARTBEAT_MINUTES: variable(
    'heartbeat: minutes between two wakes of a device.',
    numberBetween(0.1, 1440),
    '20',
  ),
} as const;
