/**
 * What Siskin 7.3 and Snikket 1.2 decode of an opened push, rule by rule (`Payload` and `VoIPPayload` of their sources): a
 * field of the wrong type ends the decoding, and a word that their enumerations do not have ends the program.
 */

/** What decoding came to. */
export type Decoded<Payload> =
  | { readonly kind: 'decoded'; readonly payload: Payload }
  /** The decoder threw: the push is treated as if it had not been sealed. */
  | { readonly kind: 'undecodable'; readonly why: string }
  /** A forced conversion failed: the program ends. */
  | { readonly kind: 'crash'; readonly why: string };

/** Of notifications; apps and extensions share it. */
export interface NotificationPayload {
  readonly unread: number;
  readonly sender: string;
  readonly type?: string;
  readonly message?: string;
  readonly sid?: string;
  readonly media?: readonly string[];
}

/** Of PushKit pushes. */
export interface CallPayload {
  readonly sid: string;
  readonly sender?: string;
  readonly media?: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;

const types = ['unknown', 'groupchat', 'chat', 'call'];
const mediaWords = ['audio', 'video'];

/** Decodes in the order of the fields: what is wrong first decides. */
export function decodeNotification(text: string): Decoded<NotificationPayload> {
  const fields = readObject(text);
  if (!fields) return undecodable('it is no JSON object');
  const { unread, sender, type, nickname, message, sid, media } = fields;
  if (!Number.isSafeInteger(unread)) return undecodable('unread is no number');
  if (typeof sender !== 'string') return undecodable('sender is no string');
  if (!isOptional(type, isString)) return undecodable('type is no string');
  if (isString(type) && !types.includes(type)) return { kind: 'crash', why: `it has no word for the type ${type}` };
  const wrong = Object.entries({ nickname, message, sid }).find(([, value]) => !isOptional(value, isString))?.[0];
  if (wrong !== undefined) return undecodable(`${wrong} is no string`);
  if (!isOptional(media, isStrings)) return undecodable('media is no list of strings');
  return {
    kind: 'decoded',
    payload: {
      unread: unread as number,
      sender,
      ...(isString(type) && { type }),
      ...(isString(message) && { message }),
      ...(isString(sid) && { sid }),
      ...(isStrings(media) && { media }),
    },
  };
}

export function decodeCall(text: string): Decoded<CallPayload> {
  const fields = readObject(text);
  if (!fields) return undecodable('it is no JSON object');
  const { sid, sender, media } = fields;
  if (!isString(sid)) return undecodable('sid is no string');
  if (!isOptional(sender, isString)) return undecodable('sender is no string');
  if (!isOptional(media, isStrings)) return undecodable('media is no list of strings');
  const crash = isStrings(media) ? whyMediaCrash(media) : undefined;
  if (crash !== undefined) return { kind: 'crash', why: crash };
  return { kind: 'decoded', payload: { sid, ...(isString(sender) && { sender }), ...(isStrings(media) && { media }) } };
}

/** Why the app ends at the media of a call; an extension does not look at them. */
export function whyMediaCrash(media: readonly string[]): string | undefined {
  const unknown = media.find((word) => !mediaWords.includes(word));
  return unknown === undefined ? undefined : `it has no word for the media ${unknown}`;
}

function undecodable(why: string): { readonly kind: 'undecodable'; readonly why: string } {
  return { kind: 'undecodable', why };
}

/** Swift's optional fields may be absent or null. */
function isOptional(value: unknown, is: (value: unknown) => boolean): boolean {
  return value === undefined || value === null || is(value);
}

function isString(value: unknown): value is string {
  return typeof value === 'string';
}

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(isString);
}

function readObject(text: string): Fields | undefined {
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === 'object' && json !== null && !Array.isArray(json) ? (json as Fields) : undefined;
  } catch {
    return undefined;
  }
}
