/**
 * What a device makes of a push: Siskin's notification extension and app (Snikket's are the same here), Monal's extension,
 * Conversations, and on Android a client that does with the same keys what the texts ask for.
 */
import { openSealed, strictBase64 } from '../sealing/opening.ts';
import { tagBytes } from '../sealing/sealing.ts';
import type { ReceivedPush } from '../stand-ins/contract.ts';
import { type CallPayload, type Decoded, decodeCall, decodeNotification, whyMediaCrash } from './siskin-payloads.ts';
import { runsMonal } from './models-raw-token.ts';

export interface DeviceModel {
  /**
   * `siskin` looks at no tag and does not survive words that it does not know; `reference` verifies the tag and reads all
   * that Encrypted Push Notifications section 4.4 lists; `monal`, `conversations`, `stork` and `woken` open nothing and
   * fetch all; `woken` does so whatever the push says.
   */
  readonly reads: 'siskin' | 'reference' | 'monal' | 'conversations' | 'stork' | 'woken';
  /** Keys by bare JID; looked up by exactly this string. Stork, which has no keys, looks its accounts up. */
  readonly keys: ReadonlyMap<string, Uint8Array>;
}

/** What the user notices. */
export type Shown =
  | { readonly kind: 'notification'; readonly title?: string; readonly text: string }
  | { readonly kind: 'ringing'; readonly caller: string; readonly sid: string; readonly media: readonly string[] }
  | { readonly kind: 'ringing-ended'; readonly sid: string }
  /** The notifications of the account were taken off the screen. */
  | { readonly kind: 'cleared' }
  /** The app woke up and fetches what is new itself. */
  | { readonly kind: 'synchronized' }
  | { readonly kind: 'nothing'; readonly why: string }
  | { readonly kind: 'crash'; readonly program: 'the notification extension' | 'the app'; readonly why: string }
  /** A ghost call, a notification shown twice: what users complain about. */
  | { readonly kind: 'fault'; readonly why: string };

export interface DeviceView {
  /** The sealed JSON as it was read. */
  readonly opened?: string;
  readonly shown: Shown;
}

type Program = (Shown & { kind: 'crash' })['program'];
type Keys = Readonly<Record<string, unknown>>;

/** Hands a push to the device; whatever is in it, this does not throw. */
export function receivePush(push: ReceivedPush, device: DeviceModel): DeviceView {
  if (push.provider === 'fcm') return receiveOnAndroid(push.body, device);
  const type = push.headers['apns-push-type'];
  const aps = objectOf(push.body['aps']);
  if (device.reads === 'monal' && runsMonal({ headers: push.headers, body: { aps } })) {
    return shown({ kind: 'synchronized' });
  }
  if (type === 'voip') return receiveCall(push.body, device);
  if (type === 'alert') return receiveAlert(aps, push.body, device);
  if (type === 'background') return receiveInBackground(push.body, device);
  return shown({ kind: 'nothing', why: 'not a push type of this app' });
}

/** The notification extension runs only for alerts with `mutable-content`; else iOS shows what the push says. */
function receiveAlert(aps: Keys, keys: Keys, device: DeviceModel): DeviceView {
  const alert = objectOf(aps['alert']);
  const title = textOf(alert['title']);
  const text = textOf(aps['alert']) ?? textOf(alert['body']) ?? textOf(alert['loc-key']) ?? '';
  const asSent: Shown = { kind: 'notification', ...(title === undefined ? {} : { title }), text };
  if (aps['content-available'] === 1) return shown({ kind: 'fault', why: 'shown twice: alert and content-available' });
  if (aps['mutable-content'] !== 1) return shown(asSent);
  if (typeof keys['encrypted'] !== 'string') {
    const { sender, body } = keys;
    return shown(
      typeof sender === 'string'
        ? { kind: 'notification', title: sender, text: typeof body === 'string' ? body : 'New message!' }
        : asSent,
    );
  }
  const opening = open(keys, device, 'the notification extension');
  if (opening === undefined || typeof opening !== 'string') return shown(opening ?? asSent);
  const decoded = device.reads === 'siskin' ? decodeNotification(opening) : readAll(opening);
  if (decoded.kind === 'undecodable') return { opened: opening, shown: asSent };
  if (decoded.kind === 'crash') return { opened: opening, shown: crash('the notification extension', decoded.why) };
  return { opened: opening, shown: notify(decoded.payload) };
}

/** A background push clears notifications, ends a call or wakes the app; a sealed one of another kind does nothing. */
function receiveInBackground(keys: Keys, device: DeviceModel): DeviceView {
  const opening = open(keys, device, 'the app');
  if (typeof opening === 'string') return { opened: opening, shown: readInBackground(opening, device) };
  if (opening) return shown(opening);
  if (typeof keys['body'] === 'string') return shown({ kind: 'notification', text: keys['body'] });
  if (keys['unread-messages'] === 0 && keys['sender'] === undefined) return shown({ kind: 'cleared' });
  return shown({ kind: 'nothing', why: 'woken in the background' });
}

/** Only the end of a call does anything, and only if all of the payload decodes: Siskin reads it as a notification's. */
function readInBackground(text: string, device: DeviceModel): Shown {
  const decoded = device.reads === 'siskin' ? decodeNotification(text) : readAll(text);
  if (decoded.kind === 'crash') return crash('the app', decoded.why);
  if (decoded.kind === 'undecodable') return { kind: 'nothing', why: decoded.why };
  const { sid, media } = decoded.payload;
  const why = media && device.reads === 'siskin' ? whyMediaCrash(media) : undefined;
  if (why !== undefined) return crash('the app', why);
  return sid !== undefined && !media ? { kind: 'ringing-ended', sid } : { kind: 'nothing', why: 'of low priority' };
}

/** PushKit demands that each push reports a call. */
function receiveCall(keys: Keys, device: DeviceModel): DeviceView {
  const opening = open(keys, device, 'the app');
  if (opening !== undefined && typeof opening !== 'string') return shown(opening);
  const ghost: Shown = { kind: 'fault', why: 'a call from Unknown flashes up' };
  if (opening === undefined) return shown(ghost);
  const decoded = device.reads === 'siskin' ? decodeCall(opening) : readCall(opening);
  if (decoded.kind === 'crash') return { opened: opening, shown: crash('the app', decoded.why) };
  if (decoded.kind === 'undecodable') return { opened: opening, shown: ghost };
  const { sid, sender, media } = decoded.payload;
  if (!media) return { opened: opening, shown: { kind: 'fault', why: 'no call reported: iOS ends the app' } };
  if (!sender) return { opened: opening, shown: ghost };
  return { opened: opening, shown: { kind: 'ringing', caller: sender, sid, media } };
}

function receiveOnAndroid(body: Keys, device: DeviceModel): DeviceView {
  const message = objectOf(body['message']);
  const keys = objectOf(message['data']);
  const { account } = keys;
  if (device.reads === 'woken') return shown({ kind: 'synchronized' });
  if (device.reads === 'conversations') {
    if (!account) return shown({ kind: 'nothing', why: 'a push without account is dropped' });
    return shown({ kind: 'synchronized' });
  }
  if (device.reads === 'stork') return shown(wakeStork(message, device));
  if (typeof account !== 'string') return shown(crash('the app', 'its push service gets no account'));
  const opened = open(keys, device, 'the app');
  if (opened === undefined) {
    return shown(keys['unread-messages'] === '0' ? { kind: 'cleared' } : { kind: 'synchronized' });
  }
  if (typeof opened !== 'string') return shown(opened);
  const decoded = readAll(opened);
  const payload = decoded.kind === 'decoded' ? decoded.payload : undefined;
  const call = payload?.type === 'call' ? readCall(opened) : undefined;
  if (call?.kind === 'decoded') {
    const { sid, sender, media } = call.payload;
    if (!media) return { opened, shown: { kind: 'ringing-ended', sid } };
    return { opened, shown: { kind: 'ringing', caller: sender ?? '', sid, media } };
  }
  if (!payload || objectOf(message['android'])['priority'] !== 'high')
    return { opened, shown: { kind: 'synchronized' } };
  return { opened, shown: notify(payload) };
}

/** Stork 2023 connects the account that a data message names, and reads nothing else of it. */
function wakeStork(message: Keys, { keys }: DeviceModel): Shown {
  const { account } = objectOf(message['data']);
  if (message['notification'] !== undefined) {
    return { kind: 'nothing', why: 'Android shows a notification by itself, and Stork does not run' };
  }
  if (typeof account !== 'string' || !keys.has(account)) {
    return crash('the app', 'its push service looks for an account that it does not have');
  }
  // From the background Android allows it to start its service only right after a push of high priority.
  const isUrgent = objectOf(message['android'])['priority'] === 'high';
  return isUrgent ? { kind: 'synchronized' } : { kind: 'nothing', why: 'of normal priority: it may start no service' };
}

/** The text for a payload without a message is the client's own. */
function notify({ sender, type, message }: { sender: string; type?: string; message?: string }): Shown {
  const text = message ?? (type === 'subscribe' ? 'Subscription request' : 'New message!');
  return { kind: 'notification', title: sender, text };
}

/** The text under the account's key; `undefined` when there is none, no key, or it does not open; or a crash. */
function open(keys: Keys, device: DeviceModel, program: Program): string | (Shown & { kind: 'crash' }) | undefined {
  const { account, encrypted, iv } = keys;
  if (typeof account !== 'string' || typeof encrypted !== 'string' || typeof iv !== 'string') return undefined;
  const key = device.keys.get(account);
  if (!key) return undefined;
  const bytes = strictBase64(encrypted);
  // The extension cuts the tag off without looking how much there is.
  if (device.reads === 'siskin' && bytes && strictBase64(iv) && bytes.length < tagBytes) {
    return crash(program, `its ciphertext has ${bytes.length} bytes, fewer than a tag`);
  }
  const opening = openSealed({ ciphertext: encrypted, iv }, key, {
    tag: device.reads === 'siskin' ? 'ignore' : 'verify',
  });
  return opening.opened ? opening.text : undefined;
}

/** A client that reads all that the text lists, and takes what it does not know for absent. */
function readAll(text: string): ReturnType<typeof decodeNotification> {
  const { unread, sender, type, message, sid, media } = parseObject(text);
  if (!Number.isInteger(unread) || typeof sender !== 'string') {
    return { kind: 'undecodable', why: 'unread or sender is missing' };
  }
  const known = typeof type === 'string' && ['groupchat', 'chat', 'call', 'subscribe'].includes(type);
  return {
    kind: 'decoded',
    payload: {
      unread: unread as number,
      sender,
      ...(known && { type }),
      ...(typeof message === 'string' && { message }),
      ...(typeof sid === 'string' && { sid }),
      ...(Array.isArray(media) && { media: wordsOf(media) }),
    },
  };
}

function readCall(text: string): Decoded<CallPayload> {
  const { sid, sender, media } = parseObject(text);
  if (typeof sid !== 'string') return { kind: 'undecodable', why: 'sid is no string' };
  const words = Array.isArray(media) ? { media: wordsOf(media) } : {};
  return { kind: 'decoded', payload: { sid, ...(typeof sender === 'string' && { sender }), ...words } };
}

function wordsOf(media: readonly unknown[]): string[] {
  return media.map((word) => (typeof word === 'string' ? word : JSON.stringify(word)));
}

function crash(program: Program, why: string): Shown & { kind: 'crash' } {
  return { kind: 'crash', program, why };
}

function parseObject(text: string): Keys {
  try {
    return objectOf(JSON.parse(text));
  } catch {
    return {};
  }
}

function objectOf(value: unknown): Keys {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Keys) : {};
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function shown(what: Shown): DeviceView {
  return { shown: what };
}
