import { unreachable } from '../../core/basics/unreachable.ts';
import { FID, type PushTarget } from '../../core/registry/push-target.ts';
import { FCM_INSTALLATION_ID, SERVICE_CODES, serviceOf, UNIFIEDPUSH_WITH_KEYS } from '../codes.ts';
import type { ByteReader, ByteWriter } from './record-bytes.ts';
import { UnreadableRecord } from './unreadable-record.ts';

// A target in a record is its service (1), then its token, endpoint or installation id (text), then for service 3 two texts: p256dh and
// auth. A text is its length (2) and UTF-8.

export function writeTarget(writer: ByteWriter, target: PushTarget): void {
  switch (target.type) {
    case 'fcm': {
      const isInstallation = target.token.startsWith(FID);
      writer.byte(isInstallation ? FCM_INSTALLATION_ID : SERVICE_CODES.fcm);
      return writer.text(isInstallation ? target.token.slice(FID.length) : target.token);
    }
    case 'unifiedpush': {
      const { endpoint, keys } = target;
      writer.byte(keys === undefined ? SERVICE_CODES.unifiedpush : UNIFIEDPUSH_WITH_KEYS);
      writer.text(endpoint);
      if (keys === undefined) return;
      writer.text(keys.p256dh);
      return writer.text(keys.auth);
    }
    default:
      return unreachable(target);
  }
}

/** @throws UnreadableRecord */
export function readTarget(reader: ByteReader): PushTarget {
  const code = reader.byte();
  if (code === UNIFIEDPUSH_WITH_KEYS) {
    const endpoint = reader.text();
    return { type: 'unifiedpush', endpoint, keys: { p256dh: reader.text(), auth: reader.text() } };
  }
  if (code === FCM_INSTALLATION_ID) return { type: 'fcm', token: `${FID}${reader.text()}` };
  const service = serviceOf(code);
  switch (service) {
    case 'fcm':
      return { type: 'fcm', token: reader.text() };
    case 'unifiedpush':
      return { type: 'unifiedpush', endpoint: reader.text() };
    case undefined:
      throw new UnreadableRecord();
    default:
      return unreachable(service);
  }
}
