/**
 * What Google checks of a message: firebase.google.com, "FCM v1 API", resource `projects.messages`, and "FCM error
 * codes".
 */

/** An answer with an error, as `google.rpc.Status` words it. */
export interface FcmError {
  readonly code: number;
  /** Canonical status, `NOT_FOUND`. */
  readonly status: string;
  readonly message: string;
  /** Of the `FcmError` detail; absent: no such detail. */
  readonly errorCode?: string;
}

/**
 * Bytes of `data`, keys and values together, that a message with one field may have; each further field costs 6 more.
 * Google documents "4096 bytes"; this is what an experiment found.
 */
const dataLimit = 4051;
const fieldCost = 6;

const canonicalStatus: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  503: 'UNAVAILABLE',
};

const defaultCode: Readonly<Record<string, number>> = {
  INVALID_ARGUMENT: 400,
  UNREGISTERED: 404,
  SENDER_ID_MISMATCH: 403,
  QUOTA_EXCEEDED: 429,
  UNAVAILABLE: 503,
  INTERNAL: 500,
  THIRD_PARTY_AUTH_ERROR: 401,
  UNSPECIFIED_ERROR: 500,
};

/** The error for an HTTP status, an `errorCode`, or both. */
export function fcmError(code: number | undefined, errorCode?: string, message = 'Scripted.'): FcmError {
  const status = code ?? (errorCode === undefined ? undefined : defaultCode[errorCode]) ?? 500;
  return {
    code: status,
    status: canonicalStatus[status] ?? 'UNKNOWN',
    message,
    ...(errorCode === undefined ? {} : { errorCode }),
  };
}

/** The JSON of an error's body. */
export function errorBody({ errorCode, ...error }: FcmError): string {
  const details =
    errorCode === undefined ? [] : [{ '@type': 'type.googleapis.com/google.firebase.fcm.v1.FcmError', errorCode }];
  return JSON.stringify({ error: { ...error, ...(details.length === 0 ? {} : { details }) } }, undefined, 2);
}

const invalid = (message: string): FcmError => fcmError(400, 'INVALID_ARGUMENT', message);

const messageKeys = new Set(['token', 'data', 'android', 'notification', 'name', 'fcm_options', 'apns', 'webpush']);
const androidKeys = new Set(['collapse_key', 'priority', 'ttl', 'restricted_package_name', 'data', 'fcm_options']);
const longestTtlSeconds = 2_419_200;

/** @param request the request's JSON, already known to be an object. */
export function checkMessage(request: Readonly<Record<string, unknown>>): FcmError | undefined {
  const message = readObject(request['message']);
  if (!message) return invalid('Missing message.');
  const unknown = Object.keys(message).find((name) => !messageKeys.has(name));
  if (unknown !== undefined) return invalid(`Unknown name "${unknown}" at 'message': Cannot find field.`);
  const token = message['token'];
  if (typeof token !== 'string' || token === '') return invalid('Recipient of the message is not set.');
  if (!/^[\w:.-]{10,4096}$/.test(token)) return invalid('The registration token is not a valid FCM registration token');
  return checkData(message['data'] ?? {}) ?? checkAndroid(message['android'] ?? {});
}

function checkData(value: unknown): FcmError | undefined {
  const data = readObject(value);
  if (!data) return invalid("Invalid value at 'message.data'.");
  let bytes = 0;
  for (const [name, content] of Object.entries(data)) {
    if (typeof content !== 'string') return invalid("Invalid value at 'message.data[0].value' (TYPE_STRING).");
    if (/^(from|message_type|gcm|google.*|gcm\.notification.*)$/.test(name))
      return invalid(`Invalid data payload key: ${name}`);
    bytes += Buffer.byteLength(name) + Buffer.byteLength(content);
  }
  const further = Math.max(0, Object.keys(data).length - 1);
  if (bytes + further * fieldCost > dataLimit) return invalid('Android message is too big');
  return undefined;
}

function checkAndroid(value: unknown): FcmError | undefined {
  const android = readObject(value);
  if (!android) return invalid("Invalid value at 'message.android'.");
  const unknown = Object.keys(android).find((name) => !androidKeys.has(name));
  if (unknown !== undefined) return invalid(`Unknown name "${unknown}" at 'message.android': Cannot find field.`);
  const { priority, ttl, collapse_key: collapseKey } = android;
  if (priority !== undefined && !(typeof priority === 'string' && /^(high|normal)$/i.test(priority)))
    return invalid("Invalid value at 'message.android.priority'.");
  if (ttl !== undefined && !(typeof ttl === 'string' && /^\d+(\.\d{1,9})?s$/.test(ttl)))
    return invalid("Invalid value at 'message.android.ttl' (type.googleapis.com/google.protobuf.Duration).");
  if (typeof ttl === 'string' && Number.parseFloat(ttl) > longestTtlSeconds)
    return invalid('Invalid android TTL duration.');
  if (collapseKey !== undefined && typeof collapseKey !== 'string')
    return invalid("Invalid value at 'message.android.collapse_key' (TYPE_STRING).");
  return undefined;
}

/** A JSON value as an object, or undefined if it is anything else. */
export function readObject(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}
