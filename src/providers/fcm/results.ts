/** firebase.google.com, "FCM error codes": every documented answer and what it means here. Messages are never read. */
import { type ResultRow, resultOfStatus } from '../results.ts';

/**
 * One row of the table. `reason` is the `errorCode` of the `FcmError` detail or, without one, the canonical status; `-`:
 * neither.
 */
export interface FcmRow extends ResultRow {
  /** Where the reason stands. */
  readonly source: 'errorCode' | 'status' | 'none';
}

/** What stands in the body of an answer. */
export interface FcmReason {
  readonly errorCode?: string;
  /** Canonical status, as `NOT_FOUND`. */
  readonly status?: string;
}

export const fcmTable: readonly FcmRow[] = [
  { status: 200, source: 'none', reason: '-', result: 'accepted', scope: 'device' },
  { status: 400, source: 'errorCode', reason: 'INVALID_ARGUMENT', result: 'payload-rejected', scope: 'device' },
  { status: 404, source: 'errorCode', reason: 'UNREGISTERED', result: 'dead-token', scope: 'device' },
  // Issued for another sender: Google says drop it, but with a wrong service account every token looks like that.
  { status: 403, source: 'errorCode', reason: 'SENDER_ID_MISMATCH', result: 'doubtful-token', scope: 'unclear' },
  // One code for three quotas: of the device, of the topic, of the project. Anybody's device can use its own up.
  { status: 429, source: 'errorCode', reason: 'QUOTA_EXCEEDED', result: 'retry', scope: 'unclear' },
  { status: 503, source: 'errorCode', reason: 'UNAVAILABLE', result: 'retry', scope: 'app' },
  { status: 500, source: 'errorCode', reason: 'INTERNAL', result: 'retry', scope: 'app' },
  // The APNs or web push credentials in the Firebase console: said to iOS and web tokens of the project, not to others.
  { status: 401, source: 'errorCode', reason: 'THIRD_PARTY_AUTH_ERROR', result: 'misconfigured', scope: 'device' },
  { status: 500, source: 'errorCode', reason: 'UNSPECIFIED_ERROR', result: 'retry', scope: 'app' },
  { status: 400, source: 'status', reason: 'INVALID_ARGUMENT', result: 'payload-rejected', scope: 'device' },
  { status: 400, source: 'status', reason: 'FAILED_PRECONDITION', result: 'misconfigured', scope: 'app' },
  { status: 401, source: 'status', reason: 'UNAUTHENTICATED', result: 'renew-credential', scope: 'app' },
  // IAM, or the API is switched off for the project.
  { status: 403, source: 'status', reason: 'PERMISSION_DENIED', result: 'misconfigured', scope: 'app' },
  // Without an FcmError it is the project that does not exist, not the device.
  { status: 404, source: 'status', reason: 'NOT_FOUND', result: 'misconfigured', scope: 'app' },
  // Without an FcmError it is the quota of Google's API, which is the project's.
  { status: 429, source: 'status', reason: 'RESOURCE_EXHAUSTED', result: 'retry', scope: 'app' },
  { status: 500, source: 'status', reason: 'INTERNAL', result: 'retry', scope: 'app' },
  { status: 503, source: 'status', reason: 'UNAVAILABLE', result: 'retry', scope: 'app' },
  { status: 504, source: 'status', reason: 'DEADLINE_EXCEEDED', result: 'retry', scope: 'app' },
];

const byErrorCode = new Map(fcmTable.filter(({ source }) => source === 'errorCode').map((row) => [row.reason, row]));
const byStatus = new Map(
  fcmTable.filter(({ source }) => source !== 'errorCode').map((row) => [`${row.status} ${row.reason}`, row]),
);

/**
 * The row of an answer. A known `errorCode` decides within its class of HTTP status; then the canonical status; what
 * neither knows is `other` and means what its class of status says: nothing that could cost a registration.
 */
export function resultOfAnswer(status: number, { errorCode, status: canonical }: FcmReason): FcmRow {
  const byCode = errorCode === undefined ? undefined : byErrorCode.get(errorCode);
  if (byCode && sameClass(byCode.status, status)) return { ...byCode, status };
  const known = byStatus.get(`${status} ${status === 200 ? '-' : (canonical ?? '-')}`);
  if (known && errorCode === undefined) return known;
  const silent = errorCode === undefined && canonical === undefined;
  const reason = silent ? '-' : 'other';
  if (status === 401) return { status, source: 'none', reason, result: 'renew-credential', scope: 'app' };
  return { status, source: 'none', reason, ...resultOfStatus(status) };
}

function sameClass(a: number, b: number): boolean {
  return Math.floor(a / 100) === Math.floor(b / 100);
}

/** `google.rpc.Status` in JSON: details in any order, of types that we may not know; anything else is no reason. */
export function readReason(body: string): FcmReason {
  if (body === '') return {};
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return {};
  }
  const error = field(parsed, 'error');
  const status = field(error, 'status');
  const details = field(error, 'details');
  const fcmError = Array.isArray(details) ? details.find((detail) => isFcmError(field(detail, '@type'))) : undefined;
  const errorCode = field(fcmError, 'errorCode');
  return {
    ...(typeof errorCode === 'string' && { errorCode }),
    ...(typeof status === 'string' && { status }),
  };
}

function isFcmError(type: unknown): boolean {
  return typeof type === 'string' && type.endsWith('/google.firebase.fcm.v1.FcmError');
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
