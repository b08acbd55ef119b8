/** The meaning of each answer: firebase.google.com, "FCM error codes". Messages are never read. */
import { type ResultRow, resultOfStatus } from '../results.ts';

/** One row of the table. `reason` is the `errorCode` of the `FcmError` detail, else the canonical status, else `-`. */
export interface FcmRow extends ResultRow {
  /** Where the answer states the reason. */
  readonly source: 'errorCode' | 'status' | 'none';
}

/** Reason in the body of an answer. */
export interface FcmReason {
  readonly errorCode?: string;
  /** Canonical status, such as `NOT_FOUND`. */
  readonly status?: string;
}

/** Every documented answer of FCM. */
export const fcmTable: readonly FcmRow[] = [
  { status: 200, source: 'none', reason: '-', result: 'accepted', scope: 'device' },
  { status: 400, source: 'errorCode', reason: 'INVALID_ARGUMENT', result: 'payload-rejected', scope: 'device' },
  { status: 404, source: 'errorCode', reason: 'UNREGISTERED', result: 'dead-token', scope: 'device' },
  // The token belongs to another sender. Google says to drop it, but a wrong service account causes this for all.
  { status: 403, source: 'errorCode', reason: 'SENDER_ID_MISMATCH', result: 'doubtful-token', scope: 'unclear' },
  // One code for the quotas of device, topic and project. A single device can use up its own.
  { status: 429, source: 'errorCode', reason: 'QUOTA_EXCEEDED', result: 'retry', scope: 'unclear' },
  { status: 503, source: 'errorCode', reason: 'UNAVAILABLE', result: 'retry', scope: 'app' },
  { status: 500, source: 'errorCode', reason: 'INTERNAL', result: 'retry', scope: 'app' },
  // The APNs or web push credentials in the Firebase console; iOS and web tokens of the project get it, others do not.
  { status: 401, source: 'errorCode', reason: 'THIRD_PARTY_AUTH_ERROR', result: 'misconfigured', scope: 'device' },
  { status: 500, source: 'errorCode', reason: 'UNSPECIFIED_ERROR', result: 'retry', scope: 'app' },
  { status: 400, source: 'status', reason: 'INVALID_ARGUMENT', result: 'payload-rejected', scope: 'device' },
  { status: 400, source: 'status', reason: 'FAILED_PRECONDITION', result: 'misconfigured', scope: 'app' },
  { status: 401, source: 'status', reason: 'UNAUTHENTICATED', result: 'renew-credential', scope: 'app' },
  // IAM refuses, or the API is switched off for the project.
  { status: 403, source: 'status', reason: 'PERMISSION_DENIED', result: 'misconfigured', scope: 'app' },
  // Without an FcmError the project does not exist; it does not concern the device.
  { status: 404, source: 'status', reason: 'NOT_FOUND', result: 'misconfigured', scope: 'app' },
  // Without an FcmError it is the project's quota of Google's API.
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
 * The row of an answer. A known `errorCode` decides within its class of HTTP status, then the canonical status.
 * Anything else becomes `other`, and its status decides, which never costs a registration.
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

/** Reads a `google.rpc.Status` in JSON. Its details may have any order and type; anything else gives no reason. */
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
