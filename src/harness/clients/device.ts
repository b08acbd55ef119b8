/**
 * What a device makes of a push: Siskin's notification extension and app (Snikket's are the same here), and on Android a
 * client that does with the same keys what the texts ask for.
 */
import type { ReceivedPush } from '../stand-ins/contract.ts';
import { openSealed } from '../sealing/opening.ts';

export interface DeviceModel {
  /**
   * `siskin` looks at no tag and does not survive types that it has no word for; `reference` verifies the tag and reads
   * all that Encrypted Push Notifications section 4.4 lists.
   */
  readonly reads: 'siskin' | 'reference';
  /** Keys by bare JID; looked up by exactly this string. */
  readonly keys: ReadonlyMap<string, Uint8Array>;
}

/** What the user notices. */
export type Shown =
  | { readonly kind: 'notification'; readonly title?: string; readonly text: string }
  | { readonly kind: 'ringing'; readonly caller: string; readonly sid: string; readonly media: readonly string[] }
  | { readonly kind: 'ringing-ended'; readonly sid: string }
  /** The notifications of the account were taken off the screen. */
  | { readonly kind: 'cleared' }
  /** On Android: the app woke up and fetches what is new itself. */
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

interface Payload {
  readonly sender: string;
  readonly type?: string;
  readonly message?: string;
}

type Keys = Readonly<Record<string, unknown>>;

/** Hands a push to the device. */
export function receivePush(push: ReceivedPush, device: DeviceModel): DeviceView {
  if (push.provider === 'fcm') return receiveOnAndroid(push.body, device);
  const aps = objectOf(push.body['aps']);
  const type = push.headers['apns-push-type'];
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
  const opened = open(keys, device);
  const payload = opened === undefined ? undefined : readPayload(opened);
  if (opened === undefined || !payload) return { ...(opened === undefined ? {} : { opened }), shown: asSent };
  const unknownType = payload.type !== undefined && !knownTypes[device.reads].includes(payload.type);
  if (unknownType)
    return { opened, shown: { kind: 'fault', why: `the extension crashes at the type ${payload.type}` } };
  return { opened, shown: notify(payload) };
}

const knownTypes: Readonly<Record<DeviceModel['reads'], readonly string[]>> = {
  siskin: ['unknown', 'groupchat', 'chat', 'call'],
  reference: ['groupchat', 'chat', 'call', 'subscribe'],
};

/** A background push clears notifications, ends a call or wakes the app; a sealed one of another kind does nothing. */
function receiveInBackground(keys: Keys, device: DeviceModel): DeviceView {
  const opened = open(keys, device);
  if (opened !== undefined) {
    const call = readCall(opened);
    if (call && !call.media) return { opened, shown: { kind: 'ringing-ended', sid: call.sid } };
    return { opened, shown: { kind: 'nothing', why: 'of low priority' } };
  }
  if (typeof keys['body'] === 'string') return shown({ kind: 'notification', text: keys['body'] });
  if (keys['unread-messages'] === 0 && keys['sender'] === undefined) return shown({ kind: 'cleared' });
  return shown({ kind: 'nothing', why: 'woken in the background' });
}

/** PushKit demands that each push reports a call. */
function receiveCall(keys: Keys, device: DeviceModel): DeviceView {
  const opened = open(keys, device);
  const call = opened === undefined ? undefined : readCall(opened);
  if (opened === undefined || !call) return shown({ kind: 'fault', why: 'a call from Unknown flashes up' });
  if (!call.media) return { opened, shown: { kind: 'fault', why: 'no call reported: iOS ends the app' } };
  if (!call.sender) return { opened, shown: { kind: 'fault', why: 'a call from Unknown flashes up' } };
  return { opened, shown: { kind: 'ringing', caller: call.sender, sid: call.sid, media: call.media } };
}

function receiveOnAndroid(body: Keys, device: DeviceModel): DeviceView {
  const message = objectOf(body['message']);
  const keys = objectOf(message['data']);
  if (typeof keys['account'] !== 'string')
    return shown({ kind: 'fault', why: 'the service crashes without an account' });
  const opened = open(keys, device);
  if (opened === undefined)
    return shown(keys['unread-messages'] === '0' ? { kind: 'cleared' } : { kind: 'synchronized' });
  const payload = readPayload(opened);
  const call = payload?.type === 'call' ? readCall(opened) : undefined;
  if (call?.media) {
    return { opened, shown: { kind: 'ringing', caller: call.sender ?? '', sid: call.sid, media: call.media } };
  }
  if (call) return { opened, shown: { kind: 'ringing-ended', sid: call.sid } };
  if (!payload || objectOf(message['android'])['priority'] !== 'high')
    return { opened, shown: { kind: 'synchronized' } };
  return { opened, shown: notify(payload) };
}

/** The text for a payload without a message is the client's own. */
function notify({ sender, type, message }: Payload): Shown {
  const text = message ?? (type === 'subscribe' ? 'Subscription request' : 'New message!');
  return { kind: 'notification', title: sender, text };
}

/** The text under the account's key; `undefined` when there is none, no key, or it does not open. */
function open(keys: Keys, device: DeviceModel): string | undefined {
  const { account, encrypted, iv } = keys;
  if (typeof account !== 'string' || typeof encrypted !== 'string' || typeof iv !== 'string') return undefined;
  const key = device.keys.get(account);
  if (!key) return undefined;
  const opening = openSealed({ ciphertext: encrypted, iv }, key, {
    tag: device.reads === 'siskin' ? 'ignore' : 'verify',
  });
  return opening.opened ? opening.text : undefined;
}

/** Siskin's `Payload`: without a number and a sender it is none. */
function readPayload(text: string): Payload | undefined {
  const json = parseObject(text);
  const { unread, sender, type, message } = json ?? {};
  if (!Number.isInteger(unread) || typeof sender !== 'string') return undefined;
  return {
    sender,
    ...(typeof type === 'string' ? { type } : {}),
    ...(typeof message === 'string' ? { message } : {}),
  };
}

/** Siskin's `VoIPPayload`: without a session it is none. */
function readCall(text: string): { sid: string; sender?: string; media?: string[] } | undefined {
  const { sid, sender, media } = parseObject(text) ?? {};
  if (typeof sid !== 'string') return undefined;
  return {
    sid,
    ...(typeof sender === 'string' ? { sender } : {}),
    ...(Array.isArray(media) ? { media: media.map(String) } : {}),
  };
}

function parseObject(text: string): Keys | undefined {
  try {
    return objectOf(JSON.parse(text));
  } catch {
    return undefined;
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
