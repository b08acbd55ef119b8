/**
 * What goes to FCM: firebase.google.com, "FCM v1 API", resource `projects.messages`. Data messages only: with a
 * `notification` the app would not be woken in the background, and data values may only be strings.
 */
import type { FcmApp } from './settings.ts';
import type { Push, PushContent } from '../../core/push.ts';

/** A push as FCM wants it, or why it must not be sent. */
export type ComposedPush =
  | {
      readonly kind: 'request';
      readonly body: Buffer;
      /** The content did not fit: the device gets the same push without it. */
      readonly oversize: boolean;
    }
  | { readonly kind: 'payload-rejected'; readonly reason: 'payload-too-large' };

/**
 * Bytes of `data`, counted as keys and values plus 8 per field. Google documents 4096 and not how it counts; measured
 * from outside it is at most 4051 for one field, and 6 more for each further.
 */
const dataLimit = 4000;
const fieldCost = 8;

/** What sealing servers are told at most, the same as for APNs. */
const largestCiphertextBytes = 3072;

/**
 * Servers trim only the message's body to the size they were told: the JSON around the body (sender, nickname, type)
 * and its escapes come on top. 512 bytes of base64 are 384 of those.
 */
const uncountedBytes = 512;

/** Base64 of 16 bytes; senders use 12. */
const longestIv = 'x'.repeat(24);

/** Google's maximum, four weeks. */
const longestTtlSeconds = 2_419_200;

/**
 * Composes the body of `messages:send`. Pure. Content that does not fit is left out, never cut. FCM knows no PushKit:
 * calls are data of high priority like messages.
 * @param token the device's registration token.
 * @param nowMs milliseconds since 1970; FCM wants a duration where APNs wants a date.
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

/**
 * The longest base64 ciphertext that surely fits into a push for this account, in bytes: a multiple of 4, 0 if the
 * account leaves no room.
 */
export function largestCiphertext(account: string): number {
  const empty = sizeOf(dataOf({ account }, { kind: 'sealed', ciphertext: '', iv: longestIv }));
  const largest = Math.min(largestCiphertextBytes, dataLimit - empty - uncountedBytes);
  return Math.max(0, largest - (largest % 4));
}

/** 0 is "now or never", so a push with less than a second left still counts as one that waits. */
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
