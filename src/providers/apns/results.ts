/** The meaning of each answer: developer.apple.com, "Handling notification responses from APNs". */
import type { PushScope } from '../../core/push.ts';
import { type ResultRow, type RowResult, resultOfStatus } from '../results.ts';

/** Reason in the body of an answer. */
export interface ApnsReason {
  readonly reason?: string;
  /** When APNs found the device token dead, in milliseconds since 1970. */
  readonly timestampMs?: number;
}

function rows(status: number, result: RowResult, scope: PushScope, reasons: string): ResultRow[] {
  return reasons.split(' ').map((reason) => ({ status, reason, result, scope }));
}

/** Every documented answer of APNs. */
export const apnsTable: readonly ResultRow[] = [
  ...rows(200, 'accepted', 'device', '-'),
  // The request itself is wrong and stays wrong when repeated.
  ...rows(
    400,
    'payload-rejected',
    'device',
    'BadCollapseId BadExpirationDate BadMessageId BadPriority DuplicateHeaders',
  ),
  ...rows(400, 'payload-rejected', 'device', 'InvalidPushType MissingDeviceToken PayloadEmpty'),
  ...rows(400, 'doubtful-token', 'unclear', 'BadDeviceToken DeviceTokenNotForTopic'),
  ...rows(400, 'misconfigured', 'app', 'BadTopic MissingTopic TopicDisallowed'),
  ...rows(400, 'retry', 'app', 'IdleTimeout'),
  ...rows(403, 'misconfigured', 'app', 'BadCertificate BadCertificateEnvironment Forbidden InvalidProviderToken'),
  ...rows(403, 'misconfigured', 'app', 'MissingProviderToken BadEnvironmentKeyIdInToken UnrelatedKeyIdInToken'),
  ...rows(403, 'renew-credential', 'app', 'ExpiredProviderToken'),
  ...rows(404, 'misconfigured', 'app', 'BadPath'),
  ...rows(405, 'misconfigured', 'app', 'MethodNotAllowed'),
  ...rows(410, 'dead-token', 'device', 'ExpiredToken Unregistered'),
  ...rows(413, 'payload-rejected', 'device', 'PayloadTooLarge'),
  // Too many pushes to this one device.
  ...rows(429, 'retry', 'device', 'TooManyRequests'),
  ...rows(429, 'retry', 'app', 'TooManyProviderTokenUpdates'),
  ...rows(500, 'retry', 'app', 'InternalServerError'),
  ...rows(503, 'retry', 'app', 'ServiceUnavailable Shutdown'),
];

const byStatusAndReason = new Map(apnsTable.map((row) => [`${row.status} ${row.reason}`, row]));

/** Every reason that may become a metric label. */
const knownReasons = new Set(apnsTable.map(({ reason }) => reason));

/** The row of an answer. An unlisted reason becomes `other`; its status decides, which never costs a registration. */
export function resultOfAnswer(status: number, reason: string | undefined): ResultRow {
  const known = byStatusAndReason.get(`${status} ${reason ?? '-'}`);
  if (known) return known;
  const word = reason === undefined ? '-' : knownReasons.has(reason) ? reason : 'other';
  // A dead token, with a reason that Apple does not document.
  if (status === 410) return { status, reason: word, result: 'doubtful-token', scope: 'unclear' };
  return { status, reason: word, ...resultOfStatus(status) };
}

/** Reads the JSON of an answer. Anything else, such as a proxy's HTML, gives no reason. */
export function readReason(body: string): ApnsReason {
  if (body === '') return {};
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return {};
  }
  if (typeof parsed !== 'object' || parsed === null) return {};
  const { reason, timestamp } = parsed as { reason?: unknown; timestamp?: unknown };
  return {
    ...(typeof reason === 'string' && { reason }),
    ...(typeof timestamp === 'number' && Number.isFinite(timestamp) && { timestampMs: timestamp }),
  };
}
