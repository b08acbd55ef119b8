/**
 * Composes requests to APNs: developer.apple.com, "Generating a remote notification" and "Sending notification requests
 * to APNs". The top-level keys of the payload are those that Siskin and Snikket read.
 */
import type { ApnsApp } from './settings.ts';
import type { Push, PushContent, PushKind } from '../../core/push.ts';
import type { Wording } from '../../core/app.ts';

/** A push as APNs expects it, or the reason why it must not be sent. */
export type ComposedPush =
  | {
      readonly kind: 'request';
      /** All headers except `authorization`. */
      readonly headers: Readonly<Record<string, string>>;
      readonly body: Buffer;
      /** Whether the content did not fit, so that the push goes out without it. */
      readonly oversize: boolean;
    }
  | {
      readonly kind: 'payload-rejected';
      /**
       * `call-without-ciphertext`: an app that PushKit wakes has to ring, and without ciphertext it would ring for
       * "Unknown". So a call without ciphertext, or with one that does not fit, has to be sent as an alert instead.
       * `payload-too-large`: account or wording are too long even without content.
       */
      readonly reason: 'call-without-ciphertext' | 'payload-too-large';
    };

type AppWording = Pick<ApnsApp, 'topic' | 'alert' | 'call'>;

/** Bytes of the encoded JSON. Apple, "Generating a remote notification": PushKit allows more than the other kinds. */
const payloadLimits: Readonly<Record<PushKind, number>> = {
  alert: 4096,
  'call-alert': 4096,
  background: 4096,
  voip: 5120,
};

/** Largest size announced to sealing servers. Siskin and Tigase have always worked with 3072. */
const largestCiphertextBytes = 3072;

/**
 * Servers trim only the message body to the announced size (Tigase with 64 bytes to spare). The JSON around the body
 * (sender, nickname, type) and its escapes come on top: 384 bytes of it make 512 bytes of base64.
 */
const uncountedBytes = 512;

/** Base64 of 16 bytes; senders use 12 bytes. */
const longestIv = 'x'.repeat(24);

/** Text of an alert whose wording has none, since APNs refuses an alert without text. */
const lastResort: Readonly<Record<'alert' | 'call-alert', string>> = {
  alert: 'New message!',
  'call-alert': 'Incoming call',
};

/** Composes headers and body. Pure. Content that does not fit is left out, never truncated. */
export function composePush(push: Push, app: AppWording): ComposedPush {
  if (push.kind === 'voip' && push.content.kind !== 'sealed') return refuse('call-without-ciphertext');
  const full = encode(push, push.content, app);
  if (full.body.length <= payloadLimits[push.kind]) return { kind: 'request', ...full, oversize: false };
  if (push.kind === 'voip') return refuse('call-without-ciphertext');
  const bare = encode(push, { kind: 'none' }, app);
  if (bare.body.length > payloadLimits[push.kind]) return refuse('payload-too-large');
  return { kind: 'request', ...bare, oversize: true };
}

/** Bytes of the longest base64 ciphertext that fits into any push for this account; a multiple of 4, or 0. */
export function largestCiphertext(account: string, app: AppWording): number {
  const empty = { kind: 'sealed', ciphertext: '', iv: longestIv } as const;
  const push = { id: '', app: '', node: '', account, content: empty, expiresAtMs: 0 };
  const room = (['alert', 'call-alert', 'background', 'voip'] as const).map(
    (kind) => payloadLimits[kind] - encode({ ...push, kind }, empty, app).body.length,
  );
  const largest = Math.min(largestCiphertextBytes, Math.min(...room) - uncountedBytes);
  return Math.max(0, largest - (largest % 4));
}

function refuse(reason: 'call-without-ciphertext' | 'payload-too-large'): ComposedPush {
  return { kind: 'payload-rejected', reason };
}

function encode(push: Push, content: PushContent, app: AppWording): { headers: Record<string, string>; body: Buffer } {
  const { kind, id, expiresAtMs } = push;
  const headers = {
    'apns-push-type': kind === 'call-alert' ? 'alert' : kind,
    'apns-topic': kind === 'voip' ? `${app.topic}.voip` : app.topic,
    'apns-id': id,
    // Absolute seconds; 0 means "once, now". A push with little time left must not get 0 by rounding.
    'apns-expiration': String(kind === 'voip' || expiresAtMs === 0 ? 0 : Math.max(1, Math.floor(expiresAtMs / 1000))),
    // Apple refuses a background push of priority 10.
    'apns-priority': kind === 'background' ? '5' : '10',
    'apns-collapse-id': id,
  };
  const others = JSON.stringify(topLevel(push, content)).slice(1);
  return { headers, body: Buffer.from(`{"aps":${apsText(kind, app)}${others === '}' ? '' : ','}${others}`) };
}

/** The JSON of `aps` by app and kind. Settings never change in place: a reload makes new ones. */
const apsTexts = new WeakMap<AppWording, Partial<Record<PushKind, string>>>();

function apsText(kind: PushKind, app: AppWording): string {
  let texts = apsTexts.get(app);
  if (!texts) apsTexts.set(app, (texts = {}));
  return (texts[kind] ??= JSON.stringify(apsOf(kind, app)));
}

/** The part of the payload that iOS reads. PushKit needs it too, though empty. */
function apsOf(kind: PushKind, app: AppWording): Record<string, unknown> {
  switch (kind) {
    case 'alert':
      return { ...wordingOf(app.alert, lastResort.alert), 'mutable-content': 1 };
    // Without mutable-content, since an app that decrypted a call here would announce a message.
    case 'call-alert':
      return wordingOf(app.call, lastResort['call-alert']);
    case 'background':
      return { 'content-available': 1 };
    case 'voip':
      return {};
  }
}

function wordingOf(wording: Wording, text: string): Record<string, unknown> {
  const { title, body, titleLocKey, locKey, sound, category } = wording;
  const isTextless = title === undefined && body === undefined && titleLocKey === undefined && locKey === undefined;
  const alert = {
    ...(title !== undefined && { title }),
    ...(body !== undefined && { body }),
    ...(isTextless && { body: text }),
    ...(titleLocKey !== undefined && { 'title-loc-key': titleLocKey }),
    ...(locKey !== undefined && { 'loc-key': locKey }),
  };
  return { alert, ...(sound !== undefined && { sound }), ...(category !== undefined && { category }) };
}

/** The keys beside `aps`. Without an account (raw token) the client has no account to tell apart. */
function topLevel({ account, channel }: Push, content: PushContent): Record<string, string | number> {
  const named = { ...(account !== '' && { account }), ...(channel !== undefined && { channel }) };
  switch (content.kind) {
    case 'none':
      return named;
    case 'sealed':
      return { ...named, encrypted: content.ciphertext, iv: content.iv };
    case 'summary': {
      const { unreadMessages, sender, body, nickname } = content;
      return {
        ...named,
        ...(unreadMessages !== undefined && { 'unread-messages': unreadMessages }),
        ...(sender !== undefined && { sender }),
        ...(body !== undefined && { body }),
        ...(nickname !== undefined && { nickname }),
      };
    }
  }
}
