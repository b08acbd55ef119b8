/** developer.apple.com, "Handling notification responses from APNs": every documented answer and what it means here. */
import type { TransportFailure } from '../transport/transport.ts';

/**
 * What an answer means before it is known whether the device token is believed dead:
 * `gone`: dead if it died after the registration;
 * `doubtful`: dead, or our topic or environment is wrong;
 * `renew`: the provider token is too old, a new one may do.
 */
export type Meaning = 'delivered' | 'retry' | 'gone' | 'doubtful' | 'refused' | 'misconfigured' | 'renew';

/** One row of the table. */
export interface ApnsRow {
  readonly status: number;
  /** Apple's word; `-`: none. */
  readonly reason: string;
  readonly meaning: Meaning;
  /** It says something about this device alone. */
  readonly scope?: 'device';
}

/** What stands in the body of an answer. */
export interface ApnsReason {
  readonly reason?: string;
  /** Milliseconds since 1970: when APNs found the device token dead. */
  readonly timestampMs?: number;
}

function rows(status: number, meaning: Meaning, reasons: string): ApnsRow[] {
  return reasons.split(' ').map((reason) => ({ status, reason, meaning }));
}

export const apnsTable: readonly ApnsRow[] = [
  ...rows(200, 'delivered', '-'),
  // The request itself is wrong, and would be the next time.
  ...rows(400, 'refused', 'BadCollapseId BadExpirationDate BadMessageId BadPriority DuplicateHeaders InvalidPushType'),
  ...rows(400, 'refused', 'MissingDeviceToken PayloadEmpty'),
  ...rows(400, 'doubtful', 'BadDeviceToken DeviceTokenNotForTopic'),
  ...rows(400, 'misconfigured', 'BadTopic MissingTopic TopicDisallowed'),
  ...rows(400, 'retry', 'IdleTimeout'),
  ...rows(403, 'misconfigured', 'BadCertificate BadCertificateEnvironment Forbidden InvalidProviderToken'),
  ...rows(403, 'misconfigured', 'MissingProviderToken BadEnvironmentKeyIdInToken UnrelatedKeyIdInToken'),
  ...rows(403, 'renew', 'ExpiredProviderToken'),
  ...rows(404, 'misconfigured', 'BadPath'),
  ...rows(405, 'misconfigured', 'MethodNotAllowed'),
  ...rows(410, 'gone', 'ExpiredToken Unregistered'),
  ...rows(413, 'refused', 'PayloadTooLarge'),
  // Too many of ours for this one device.
  { status: 429, reason: 'TooManyRequests', meaning: 'retry', scope: 'device' },
  ...rows(429, 'retry', 'TooManyProviderTokenUpdates'),
  ...rows(500, 'retry', 'InternalServerError'),
  ...rows(503, 'retry', 'ServiceUnavailable Shutdown'),
];

const byStatusAndReason = new Map(apnsTable.map((row) => [`${row.status} ${row.reason}`, row]));

/** Every reason that may become a metric label. */
const knownReasons = new Set(apnsTable.map(({ reason }) => reason));

/**
 * The row of an answer. A reason that the table does not know under this status is `other` and means what its class of
 * status says: nothing that could cost a registration.
 */
export function judgeAnswer(status: number, reason: string | undefined): ApnsRow {
  const known = byStatusAndReason.get(`${status} ${reason ?? '-'}`);
  if (known) return known;
  const word = reason === undefined ? '-' : knownReasons.has(reason) ? reason : 'other';
  return { status, reason: word, meaning: defaultMeaning(status) };
}

function defaultMeaning(status: number): Meaning {
  if (status >= 200 && status < 300) return 'delivered';
  if (status === 410) return 'doubtful';
  if (status === 408 || status === 425 || status === 429 || status >= 500) return 'retry';
  if (status === 400 || status === 413) return 'refused';
  // Redirects, authentication, unknown paths: whoever answers is not APNs as we were told to reach it.
  return 'misconfigured';
}

/** Reads the JSON of an answer; anything else, HTML of some proxy included, is no reason. */
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

/** When no whole answer came: a status of 200 says accepted, whatever befell the rest; otherwise it may have been. */
export function judgeFailure(failure: TransportFailure): 'delivered' | 'retry' {
  return failure.status === 200 ? 'delivered' : 'retry';
}
