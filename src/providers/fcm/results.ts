/** firebase.google.com, "FCM error codes": every documented answer and what it means here. Messages are never read. */
import type { TransportFailure } from '../transport/transport.ts';

/**
 * What an answer means before it is known whether the device token is believed dead:
 * `doubtful`: dead, or our project is wrong;
 * `renew`: the access token is not accepted, a new one may be.
 */
export type Meaning = 'delivered' | 'retry' | 'gone' | 'doubtful' | 'refused' | 'misconfigured' | 'renew';

/** One row of the table. */
export interface FcmRow {
  readonly status: number;
  /** `errorCode` of the `FcmError` detail or, without one, the canonical status; `-`: neither. */
  readonly reason: string;
  /** Where the reason stands. */
  readonly source: 'errorCode' | 'status' | 'none';
  readonly meaning: Meaning;
  /** It may say something about this device alone. */
  readonly scope?: 'unclear';
}

/** What stands in the body of an answer. */
export interface FcmReason {
  readonly errorCode?: string;
  /** Canonical status, as `NOT_FOUND`. */
  readonly status?: string;
}

export const fcmTable: readonly FcmRow[] = [
  { status: 200, source: 'none', reason: '-', meaning: 'delivered' },
  { status: 400, source: 'errorCode', reason: 'INVALID_ARGUMENT', meaning: 'refused' },
  { status: 404, source: 'errorCode', reason: 'UNREGISTERED', meaning: 'gone' },
  // Issued for another sender: Google says drop it, but with a wrong service account every token looks like that.
  { status: 403, source: 'errorCode', reason: 'SENDER_ID_MISMATCH', meaning: 'doubtful' },
  // The project's quota or the device's: which one, only details tell whose form is not documented.
  { status: 429, source: 'errorCode', reason: 'QUOTA_EXCEEDED', meaning: 'retry', scope: 'unclear' },
  { status: 503, source: 'errorCode', reason: 'UNAVAILABLE', meaning: 'retry' },
  { status: 500, source: 'errorCode', reason: 'INTERNAL', meaning: 'retry' },
  // The APNs or web push credentials in the Firebase console; ours are another 401.
  { status: 401, source: 'errorCode', reason: 'THIRD_PARTY_AUTH_ERROR', meaning: 'misconfigured' },
  { status: 500, source: 'errorCode', reason: 'UNSPECIFIED_ERROR', meaning: 'retry' },
  { status: 400, source: 'status', reason: 'INVALID_ARGUMENT', meaning: 'refused' },
  { status: 400, source: 'status', reason: 'FAILED_PRECONDITION', meaning: 'misconfigured' },
  { status: 401, source: 'status', reason: 'UNAUTHENTICATED', meaning: 'renew' },
  // IAM, or the API is switched off for the project.
  { status: 403, source: 'status', reason: 'PERMISSION_DENIED', meaning: 'misconfigured' },
  // Without an FcmError it is the project that does not exist, not the device.
  { status: 404, source: 'status', reason: 'NOT_FOUND', meaning: 'misconfigured' },
  { status: 429, source: 'status', reason: 'RESOURCE_EXHAUSTED', meaning: 'retry' },
  { status: 500, source: 'status', reason: 'INTERNAL', meaning: 'retry' },
  { status: 503, source: 'status', reason: 'UNAVAILABLE', meaning: 'retry' },
  { status: 504, source: 'status', reason: 'DEADLINE_EXCEEDED', meaning: 'retry' },
];

const byErrorCode = new Map(fcmTable.filter(({ source }) => source === 'errorCode').map((row) => [row.reason, row]));
const byStatus = new Map(
  fcmTable.filter(({ source }) => source !== 'errorCode').map((row) => [`${row.status} ${row.reason}`, row]),
);

/**
 * The row of an answer. A known `errorCode` decides within its class of HTTP status; then the canonical status; what
 * neither knows is `other` and means what its class of status says: nothing that could cost a registration.
 */
export function judgeAnswer(status: number, { errorCode, status: canonical }: FcmReason): FcmRow {
  const byCode = errorCode === undefined ? undefined : byErrorCode.get(errorCode);
  if (byCode && sameClass(byCode.status, status)) return { ...byCode, status };
  const known = byStatus.get(`${status} ${status === 200 ? '-' : (canonical ?? '-')}`);
  if (known && errorCode === undefined) return known;
  const silent = errorCode === undefined && canonical === undefined;
  return { status, source: 'none', reason: silent ? '-' : 'other', meaning: defaultMeaning(status) };
}

function sameClass(a: number, b: number): boolean {
  return Math.floor(a / 100) === Math.floor(b / 100);
}

function defaultMeaning(status: number): Meaning {
  if (status >= 200 && status < 300) return 'delivered';
  if (status === 401) return 'renew';
  if (status === 408 || status === 425 || status === 429 || status >= 500) return 'retry';
  if (status === 400 || status === 413) return 'refused';
  // Redirects, permissions, unknown paths: whoever answers is not FCM as we were told to reach it.
  return 'misconfigured';
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

/** When no whole answer came: a status of 200 says accepted, whatever befell the rest; otherwise it may have been. */
export function judgeFailure(failure: TransportFailure): 'delivered' | 'retry' {
  return failure.status === 200 ? 'delivered' : 'retry';
}
