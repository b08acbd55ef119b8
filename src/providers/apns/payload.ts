/**
 * What goes to APNs: developer.apple.com, "Generating a remote notification" and "Sending notification requests to
 * APNs"; the top-level keys are those that Siskin and Snikket read.
 */
import { Notification } from '@parse/node-apn';
import type { ApnsApp } from './settings.ts';
import type { Push, PushContent, PushKind } from '../../core/push.ts';
import type { Wording } from '../../core/app.ts';

/** A push as APNs wants it, or why it must not be sent. */
export type ComposedPush =
  | {
      readonly kind: 'request';
      /** Without `authorization`. */
      readonly headers: Readonly<Record<string, string>>;
      readonly body: Buffer;
      /** The content did not fit: the device gets the same push without it. */
      readonly oversize: boolean;
    }
  | {
      readonly kind: 'payload-rejected';
      /**
       * `call-without-ciphertext`: PushKit wakes an app that must then ring, and without ciphertext it rings for
       * "Unknown", so a call that does not fit, or has none, may only go out as an alert to the first token.
       * `payload-too-large`: even without content, because the account or the wording is that long.
       */
      readonly reason: 'call-without-ciphertext' | 'payload-too-large';
    };

type AppWording = Pick<ApnsApp, 'topic' | 'alert' | 'call'>;

/** Bytes of the encoded JSON. Apple, "Generating a remote notification": PushKit takes more than all others. */
const payloadLimits: Readonly<Record<PushKind, number>> = {
  alert: 4096,
  'call-alert': 4096,
  background: 4096,
  voip: 5120,
};

/** What sealing servers are told at most. Siskin and Tigase have always worked with 3072. */
const largestCiphertextBytes = 3072;

/**
 * Servers trim only the message's body to the size they were told, Tigase with 64 bytes to spare: the JSON around the
 * body (sender, nickname, type) and its escapes come on top. 512 bytes of base64 are 384 of those.
 */
const uncountedBytes = 512;

/** Base64 of 16 bytes; senders use 12. */
const longestIv = 'x'.repeat(24);

/** Shown when the operator's wording has no text at all: an alert without text is refused. */
const lastResort: Readonly<Record<'alert' | 'call-alert', string>> = {
  alert: 'New message!',
  'call-alert': 'Incoming call',
};

/** Composes headers and body. Pure. Content that does not fit is left out, never cut. */
export function composePush(push: Push, app: AppWording): ComposedPush {
  if (push.kind === 'voip' && push.content.kind !== 'sealed') return refuse('call-without-ciphertext');
  const full = encode(push, push.content, app);
  if (full.body.length <= payloadLimits[push.kind]) return { kind: 'request', ...full, oversize: false };
  if (push.kind === 'voip') return refuse('call-without-ciphertext');
  const bare = encode(push, { kind: 'none' }, app);
  if (bare.body.length > payloadLimits[push.kind]) return refuse('payload-too-large');
  return { kind: 'request', ...bare, oversize: true };
}

/**
 * The longest base64 ciphertext that surely fits into any push for this account, in bytes: a multiple of 4, 0 if the
 * account leaves no room.
 */
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
  const note = new Notification();
  note.topic = push.kind === 'voip' ? `${app.topic}.voip` : app.topic;
  note.pushType = push.kind === 'call-alert' ? 'alert' : push.kind;
  // Apple: priority 10 is an error for a background push.
  note.priority = push.kind === 'background' ? 5 : 10;
  // Absolute seconds; 0 means "once, now". A push that has little time left must not become one of 1970.
  note.expiry = push.kind === 'voip' || push.expiresAtMs === 0 ? 0 : Math.max(1, Math.floor(push.expiresAtMs / 1000));
  note.id = push.id;
  note.collapseId = push.id;
  if (push.kind === 'alert') {
    word(note, app.alert, lastResort.alert);
    note.mutableContent = true;
  }
  // Without mutable-content: an app that opened a call here would announce a message.
  if (push.kind === 'call-alert') word(note, app.call, lastResort['call-alert']);
  if (push.kind === 'background') note.contentAvailable = true;
  // Given whole, because `Notification` leaves an empty `aps` out, and PushKit pushes have one.
  note.rawPayload = { aps: note.aps, ...topLevel(push, content) };
  const composed = note as unknown as Untyped;
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(composed.headers())) headers[name] = String(value);
  return { headers, body: Buffer.from(composed.compile()) };
}

/** What `Notification` has beyond its types. */
interface Untyped {
  headers(): Record<string, string | number>;
  compile(): string;
}

function word({ aps }: Notification, wording: Wording, text: string): void {
  const { title, body, titleLocKey, locKey, sound, category } = wording;
  const speechless = title === undefined && body === undefined && titleLocKey === undefined && locKey === undefined;
  aps.alert = {
    ...(title !== undefined && { title }),
    ...(body !== undefined && { body }),
    ...(speechless && { body: text }),
    ...(titleLocKey !== undefined && { 'title-loc-key': titleLocKey }),
    ...(locKey !== undefined && { 'loc-key': locKey }),
  };
  if (sound !== undefined) aps.sound = sound;
  if (category !== undefined) aps.category = category;
}

/** Siblings of `aps`. A registration without an account (raw token) has none of them to tell apart. */
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
