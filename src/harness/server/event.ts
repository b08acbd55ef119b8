/** What happens at an XMPP server that may warrant a push (Encrypted Push Notifications, section 4.4). */

/** OMEMO data of one message for one device: the `omemo` object of the sealed JSON (OMEMO variant, section 4.3). */
export interface OmemoForDevice {
  /** Base64 keys that are addressed to the device. */
  readonly keys: readonly string[];
  /** Device id of the sender, decimal. */
  readonly sid: string;
  /** Base64; absent in `urn:xmpp:omemo:2`, which derives it. */
  readonly iv?: string;
  /** Base64 of the OMEMO payload; absent when a message carries keys alone. */
  readonly data?: string;
}

/** JIDs are as a stanza has them; `from` of messages and calls is a full JID. */
export type ServerEvent =
  | {
      readonly kind: 'message';
      readonly from: string;
      readonly body: string;
      /** The message's `<encrypted/>` of either OMEMO form, serialized. */
      readonly omemo?: string;
    }
  | { readonly kind: 'groupchat'; readonly room: string; readonly nickname: string; readonly body: string }
  | { readonly kind: 'subscription'; readonly from: string }
  /** XEP-0353 `<propose/>`. */
  | { readonly kind: 'call-offer'; readonly from: string; readonly sid: string; readonly media: readonly string[] }
  /** Any other message of XEP-0353: the phone must stop ringing. */
  | { readonly kind: 'call-end'; readonly from: string; readonly sid: string }
  /** XEP-0184. */
  | { readonly kind: 'receipt'; readonly from: string }
  /** XEP-0085. */
  | { readonly kind: 'chat-state'; readonly from: string }
  /** Another device of the account fetched the messages. */
  | { readonly kind: 'read-elsewhere' };

export type EventKind = ServerEvent['kind'];

/** Who caused the event: bare JID, but full for calls, where clients must answer that very resource. */
export function senderOf(event: ServerEvent): string | undefined {
  if (event.kind === 'read-elsewhere') return undefined;
  if (event.kind === 'groupchat') return event.room;
  return event.kind === 'call-offer' || event.kind === 'call-end' ? event.from : bareJid(event.from);
}

/** The full JID that the stanza came from. */
export function originOf(event: ServerEvent): string | undefined {
  if (event.kind === 'read-elsewhere') return undefined;
  return event.kind === 'groupchat' ? `${event.room}/${event.nickname}` : event.from;
}

/** Text for a human, if there is any. */
export function bodyOf(event: ServerEvent): string | undefined {
  return event.kind === 'message' || event.kind === 'groupchat' ? event.body : undefined;
}

/** A JID without its resource. */
export function bareJid(jid: string): string {
  const slash = jid.indexOf('/');
  return slash < 0 ? jid : jid.slice(0, slash);
}
