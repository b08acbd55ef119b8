/**
 * What Apple checks of a request before it looks at the device: developer.apple.com, "Sending notification requests to
 * APNs" and "Handling notification responses from APNs". Where the page leaves the choice to "may return an error", the
 * stand-in returns it, so that a mistake shows.
 */

/** A refusal as APNs words it. */
export interface Refusal {
  readonly status: number;
  readonly reason: string;
}

/** A request as the checks see it. */
export interface ApnsRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Whether it came with a provider token; without one, the client's certificate stands for it. */
  readonly withToken: boolean;
}

/** What the stand-in knows of its apps and devices. */
export interface ApnsWorld {
  /** Bundle ids that the key or certificate may push to. */
  readonly topics: readonly string[];
  /** Whether a device token belongs to the other environment. */
  readonly isForeignToken?: ((token: string) => boolean) | undefined;
  /** The topic that a device token was issued for, a PushKit token's `.voip` included; undefined: any. */
  readonly topicOf?: ((token: string) => string | undefined) | undefined;
}

/** Bytes of a payload: PushKit carries more than everything else. */
export const payloadLimits = { ordinary: 4096, voip: 5120 } as const;

const pathPrefix = '/3/device/';
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const deviceToken = /^([0-9a-f]{2}){32,100}$/i;
const bundleId = /^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$/;
const pushTypes = new Set(
  'alert background location voip complication fileprovider mdm liveactivity pushtotalk widgets controls'.split(' '),
);
const voipSuffix = '.voip';

const refuse = (reason: string, status = 400): Refusal => ({ status, reason });

/** Method and path; they come before the provider token. */
export function checkRoute({ method, path }: Pick<ApnsRequest, 'method' | 'path'>): Refusal | undefined {
  if (method !== 'POST') return refuse('MethodNotAllowed', 405);
  if (!path.startsWith(pathPrefix)) return refuse('BadPath', 404);
  if (path === pathPrefix) return refuse('MissingDeviceToken');
  return undefined;
}

/** The device token that a path names, in lower case. */
export function tokenOf(path: string): string {
  return path.startsWith(pathPrefix) ? path.slice(pathPrefix.length).toLowerCase() : '';
}

/** Headers, device token and payload, once the provider token or certificate holds. */
export function checkRequest(request: ApnsRequest, world: ApnsWorld): Refusal | undefined {
  return checkHeaders(request, world) ?? checkDevice(request, world) ?? checkPayload(request);
}

function checkHeaders({ headers, withToken }: ApnsRequest, { topics }: ApnsWorld): Refusal | undefined {
  const id = headers['apns-id'];
  if (id !== undefined && !uuid.test(id)) return refuse('BadMessageId');
  const expiration = headers['apns-expiration'];
  if (expiration !== undefined && !/^\d{1,10}$/.test(expiration)) return refuse('BadExpirationDate');
  const priority = headers['apns-priority'];
  if (priority !== undefined && !['1', '5', '10'].includes(priority)) return refuse('BadPriority');
  const collapseId = headers['apns-collapse-id'];
  if (collapseId !== undefined && Buffer.byteLength(collapseId) > 64) return refuse('BadCollapseId');
  const pushType = headers['apns-push-type'] ?? 'alert';
  if (!pushTypes.has(pushType)) return refuse('InvalidPushType');
  // An omitted priority is 10, and for a background push that is an error.
  if (pushType === 'background' && priority !== '5') return refuse('BadPriority');

  const topic = headers['apns-topic'];
  if (topic === undefined) return withToken ? refuse('MissingTopic') : undefined;
  if (!bundleId.test(topic)) return refuse('BadTopic');
  if (topic.endsWith(voipSuffix) !== (pushType === 'voip')) return refuse('BadTopic');
  if (!topics.includes(bundleOf(topic))) return refuse('TopicDisallowed');
  return undefined;
}

function checkDevice({ headers, path }: ApnsRequest, world: ApnsWorld): Refusal | undefined {
  const token = tokenOf(path);
  if (!deviceToken.test(token)) return refuse('BadDeviceToken');
  if (world.isForeignToken?.(token)) return refuse('BadDeviceToken');
  const owner = world.topicOf?.(token);
  const topic = headers['apns-topic'];
  if (owner !== undefined && topic !== undefined && topic !== owner) return refuse('DeviceTokenNotForTopic');
  return undefined;
}

function checkPayload({ headers, body }: ApnsRequest): Refusal | undefined {
  const pushType = headers['apns-push-type'] ?? 'alert';
  if (body.length === 0) return refuse('PayloadEmpty');
  const limit = pushType === 'voip' ? payloadLimits.voip : payloadLimits.ordinary;
  if (body.length > limit) return refuse('PayloadTooLarge', 413);
  // Apple documents no reason for a body that is not a payload at all; this is the nearest.
  const aps = readObject(readObject(parseJson(body))?.['aps']);
  if (!aps) return refuse('PayloadEmpty');
  const visible = 'alert' in aps || 'badge' in aps || 'sound' in aps;
  if (pushType === 'alert' && !visible) return refuse('InvalidPushType');
  if (pushType === 'background' && (visible || aps['content-available'] !== 1)) return refuse('InvalidPushType');
  return undefined;
}

/** The JSON of a body, or undefined. */
export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** A JSON value as an object, or undefined if it is anything else. */
export function readObject(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

function bundleOf(topic: string): string {
  return topic.endsWith(voipSuffix) ? topic.slice(0, -voipSuffix.length) : topic;
}
