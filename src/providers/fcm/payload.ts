/**
 * Composes messages for FCM: firebase.google.com, "FCM v1 API", resource `projects.messages`. All are data messages,
 * since one with a `notification` would not wake the app in the background. Data values have to be strings.
 */
import type { FcmApp } from './settings.ts';
import type { Push, PushContent } from '../../core/push.ts';

/** A push as FCM expects it, or the reason why it must not be sent. */
export type ComposedPush =
  | {
      readonly kind: 'request';
      readonly body: Buffer;
      /** Whether the content did not fit, so that the push goes out without it. */
      readonly oversize: boolean;
    }
  | { readonly kind: 'payload-rejected'; readonly reason: 'payload-too-large' };

/**
 * Limit for `data` in bytes: keys and values, plus 8 per field. Google documents 4096 but not how it counts. Measured,
 * it is at most 4051 for one field and 6 for each further field.
 */
const dataLimit = 4000;
const fieldCost = 8;

/** Largest size announced to sealing servers, as for APNs. */
const largestCiphertextBytes = 3072;

/**
 * Servers trim only the message body to the announced size. The JSON around the body (sender, nickname, type) and its
 * escapes come on top: 384 bytes of it make 512 bytes of base64.
 */
const uncountedBytes = 512;

/** Base64 of 16 bytes; senders use 12 bytes. */
const longestIv = 'x'.repeat(24);

/** Google's maximum, four weeks. */
const longestTtlSeconds = 2_419_200;

/**
 * Composes the body of `messages:send`. Pure. Content that does not fit is left out, never truncated. FCM has no
 * PushKit, so a call is a data message of high priority, like a message.
 * @param token the device's registration token
 * @param nowMs milliseconds since 1970, since FCM expects a duration where APNs expects a date
 */
export function composePush(push: Push, token: string, app: Pick<FcmApp, 'collapseKey'>, nowMs: number): ComposedPush {
  const full = dataOf(push, push.content);
  const oversize = sizeOf(full) > dataLimit;
  const data = oversize ? dataOf(push, { kind: 'none' }) : full;
  if (oversize && sizeOf(data) > dataLimit) return { kind: 'payload-rejected', reason: 'payload-too-large' };
  const { collapseKey } = app;
  const android = {
    priority: push.kind === 'background' ? 'normal' : 'high',
    ttl: `${ttlSeconds(push, nowMs)}s`,
    ...(collapseKey !== undefined && { collapse_key: collapseKey }),
  };
  return { kind: 'request', body: Buffer.from(JSON.stringify({ message: { token, data, android } })), oversize };
}

/** Bytes of the longest base64 ciphertext that fits into any push for this account; a multiple of 4, or 0. */
export function largestCiphertext(account: string): number {
  const empty = sizeOf(dataOf({ account }, { kind: 'sealed', ciphertext: '', iv: longestIv }));
  const largest = Math.min(largestCiphertextBytes, dataLimit - empty - uncountedBytes);
  return Math.max(0, largest - (largest % 4));
}

/** 0 means "now or never", so a push that has less than a second left gets 1. */
function ttlSeconds(push: Push, nowMs: number): number {
  if (push.expiresAtMs === 0) return 0;
  return Math.min(longestTtlSeconds, Math.max(1, Math.ceil((push.expiresAtMs - nowMs) / 1000)));
}

function dataOf({ account, channel }: Pick<Push, 'account' | 'channel'>, content: PushContent): Record<string, string> {
  const named: Record<string, string> = {
    ...(account !== '' && { account }),
    ...(channel !== undefined && { channel }),
  };
  switch (content.kind) {
    case 'none':
      return named;
    case 'sealed':
      return { ...named, encrypted: content.ciphertext, iv: content.iv };
    case 'summary': {
      const { unreadMessages, sender, body, nickname } = content;
      return {
        ...named,
        ...(unreadMessages !== undefined && { 'unread-messages': String(unreadMessages) }),
        ...(sender !== undefined && { sender }),
        ...(body !== undefined && { body }),
        ...(nickname !== undefined && { nickname }),
      };
    }
  }
}

function sizeOf(data: Readonly<Record<string, string>>): number {
  let bytes = 0;
  for (const [key, value] of Object.entries(data))
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value) + fieldCost;
  return bytes;
}
