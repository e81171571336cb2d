import type { Answer } from '../../stand-ins/http-exchange.ts';

const TYPE = 'type.googleapis.com/google.firebase.fcm.v1.FcmError';

/** An error of FCM in its own form. Without a code it has no FcmError, so it does not say whether the device is to blame. */
export function fcmError(status: number, errorCode?: string, headers: Record<string, string> = {}): Answer {
  const details = errorCode === undefined ? undefined : [{ '@type': TYPE, errorCode }];
  const error = { code: status, message: 'no', status: 'NO', ...(details && { details }) };
  return { status, body: { error }, headers };
}

/** Gives these answers in their order, and after them the usual answer of the stand-in. */
export function inOrder(answers: readonly Answer[]): () => Answer | undefined {
  const left = [...answers];
  return () => left.shift();
}

/** Never answers. */
export function silence(): Promise<undefined> {
  return new Promise(() => undefined);
}
