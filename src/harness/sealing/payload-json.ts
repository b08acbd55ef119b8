/**
 * The JSON that is sealed: Encrypted Push Notifications, section 4.4, and its OMEMO variant, section 4.3; `media` and the
 * full JID of a caller are what servers in the field add.
 */
import { bodyOf, type OmemoForDevice, senderOf, type ServerEvent } from '../server/event.ts';
import { sealedSize } from './sealing.ts';

/** The fields in the order of the text. */
export interface SealedPayload {
  /** Unread messages of the account. */
  readonly unread: number;
  /** Bare JID; full JID of the caller for calls. */
  readonly sender: string;
  readonly type: 'chat' | 'groupchat' | 'subscribe' | 'call';
  readonly message?: string;
  /** Group chat: who wrote. */
  readonly nickname?: string;
  /** Calls: id of the Jingle session. */
  readonly sid?: string;
  /** Calls that are offered; clients take a call without it for one that ended. */
  readonly media?: readonly string[];
  readonly omemo?: OmemoForDevice;
}

const types = {
  message: 'chat',
  receipt: 'chat',
  'chat-state': 'chat',
  groupchat: 'groupchat',
  subscription: 'subscribe',
  'call-offer': 'call',
  'call-end': 'call',
} as const;

/** The payload for an event; `undefined` for the one that has no sealed form: reading elsewhere. */
export function describeEvent(event: ServerEvent, unread: number, omemo?: OmemoForDevice): SealedPayload | undefined {
  const sender = senderOf(event);
  if (event.kind === 'read-elsewhere' || sender === undefined) return undefined;
  const message = bodyOf(event);
  return {
    unread,
    sender,
    type: types[event.kind],
    ...(message === undefined ? {} : { message }),
    ...(event.kind === 'groupchat' ? { nickname: event.nickname } : {}),
    ...(event.kind === 'call-offer' || event.kind === 'call-end' ? { sid: event.sid } : {}),
    ...(event.kind === 'call-offer' ? { media: event.media } : {}),
    ...(omemo ? { omemo } : {}),
  };
}

/** A payload as it will be sealed. */
export interface FittedPayload {
  readonly json: string;
  readonly payload: SealedPayload;
  /** False when even the payload without body and OMEMO is above the limit; it is sealed nevertheless. */
  readonly fits: boolean;
  /** Whether the end of the body was cut off. */
  readonly bodyCut: boolean;
  readonly omemoDropped: boolean;
}

/**
 * Makes a payload fit `max-size`, counted as what a push has to carry: bytes of base64, tag, padding and everything that
 * JSON escaping adds included (section 4.2: "cutout end of the body").
 *
 * The body is cut at a code point; one that would become empty is left out, because clients then show their own text
 * instead of a blank line. OMEMO data is never cut: the body, of which it is the readable form, gives way first, then the
 * whole OMEMO object. `unread`, `sender`, `type`, `nickname`, `sid` and `media` are never given up, for a device cannot
 * read the rest without them: if they do not fit alone, `fits` is false, and whoever carries the push decides.
 * @param maxSizeBytes bytes of base64; absent: no limit.
 */
export function fitPayload(payload: SealedPayload, maxSizeBytes?: number): FittedPayload {
  const whole = describe(payload, maxSizeBytes);
  if (whole.fits) return whole;
  if (payload.omemo) {
    const withOmemo = cutBody(payload, maxSizeBytes);
    if (withOmemo.fits) return withOmemo;
    const { omemo: _dropped, ...plain } = payload;
    return { ...fitPayload(plain, maxSizeBytes), omemoDropped: true };
  }
  return cutBody(payload, maxSizeBytes);
}

/** The longest beginning of the body with which the payload fits. */
function cutBody(payload: SealedPayload, maxSizeBytes?: number): FittedPayload {
  const { message, ...rest } = payload;
  if (message === undefined) return describe(payload, maxSizeBytes);
  let shortest = 0;
  let tooLong = message.length;
  while (tooLong - shortest > 1) {
    const middle = (shortest + tooLong) >>> 1;
    const candidate = describe(withBody(payload, message.slice(0, wholeCodePoints(message, middle))), maxSizeBytes);
    if (candidate.fits) shortest = middle;
    else tooLong = middle;
  }
  const body = message.slice(0, wholeCodePoints(message, shortest));
  return { ...describe(body === '' ? rest : withBody(payload, body), maxSizeBytes), bodyCut: true };
}

/** The nearest index not above `length` that does not part a surrogate pair. */
export function wholeCodePoints(text: string, length: number): number {
  const last = text.codePointAt(length - 1);
  return last !== undefined && last > 0xffff ? length - 1 : length;
}

function withBody(payload: SealedPayload, message: string): SealedPayload {
  return { ...payload, message };
}

function describe(payload: SealedPayload, maxSizeBytes = Number.POSITIVE_INFINITY): FittedPayload {
  const json = JSON.stringify(payload);
  const fits = sealedSize(Buffer.byteLength(json)) <= maxSizeBytes;
  return { json, payload, fits, bodyCut: false, omemoDropped: false };
}
