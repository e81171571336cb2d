import { oneOf, variable, wholeNumber } from './variable.ts';

/** When wakes leave (contract 9). */
export const WAKE_VARIABLES = {
  WAKE_POLICY: variable(
    'When wakes leave. prompt: at once, and grouped after that. slots: at the edges of fixed time slots. What each one hides: docs/wake-policies.md.',
    oneOf('prompt', 'slots'),
    'prompt',
  ),
  WAKE_SLOT_SECONDS: variable('Seconds of a time slot.', wholeNumber(1, 600), '30'),
} as const;
