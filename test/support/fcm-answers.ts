import type { Answer } from '../../stand-ins/http-exchange.ts';

const TYPE = 'type.googleapis.com/google.firebase.fcm.v1.FcmError';

/** An error of FCM in its own shape; without a code it has no FcmError, which is what tells who is to blame. */
export function fcmError(status: number, errorCode?: string, headers: Record<string, string> = {}): Answer {
  const details = errorCode === undefined ? undefined : [{ '@type': TYPE, errorCode }];
  const error = { code: status, message: 'no', status: 'NO', ...(details && { details }) };
  return { status, body: { error }, headers };
}

/** Answers in this order, then whatever the stand-in would. */
export function inOrder(answers: readonly Answer[]): () => Answer | undefined {
  const left = [...answers];
  return () => left.shift();
}

/** Never answers. */
export function silence(): Promise<undefined> {
  return new Promise(() => undefined);
}
