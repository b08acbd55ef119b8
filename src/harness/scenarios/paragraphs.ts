/**
 * What scenarios hold: the rows of Sealpost's design, sections 5 to 8, and the sentences of both specifications, each with
 * an id of its own. `scenario -> paragraph` is complete both ways.
 */
export interface Paragraph {
  readonly id: string;
  /** What it demands, in our words. */
  readonly about: string;
  /** Why no scenario shows it: it demands nothing that could be seen from outside, or needs more than one phone's story. */
  readonly apart?: { readonly why: string; readonly heldBy?: string };
}

const background = { why: 'explains, demands nothing' } as const;

const routing: readonly Paragraph[] = [
  { id: 'routing/call', about: 'a sealed call with priority high or none rings through PushKit' },
  { id: 'routing/call-without-pushkit', about: 'a call to a device without PushKit token is an alert shown as it is' },
  { id: 'routing/call-end', about: 'a sealed call with priority low is a background push to the first token' },
  { id: 'routing/sealed-high', about: 'sealed with priority high: an alert that the app may open' },
  { id: 'routing/sealed-low', about: 'sealed with priority low or none: a background push' },
  {
    id: 'routing/unimportant',
    about: 'the app may say that it is sent without content, or not at all; of several in an interval the newest goes',
  },
  { id: 'routing/read-elsewhere', about: 'count 0 without sender and body: a background push that clears' },
  { id: 'routing/plain-visible', about: 'in clear with a body, or of priority high: a generic alert' },
  { id: 'routing/plain-forward', about: 'sender and body go along only where the app says so' },
  { id: 'routing/wake-up', about: 'anything else wakes the app, at most once in an interval' },
  { id: 'routing/absent-priority', about: 'what a sealed notification without priority is, the app may say' },
];

const payloads: readonly Paragraph[] = [
  { id: 'payload/apns-alert', about: 'headers and keys of an alert at APNs' },
  { id: 'payload/apns-background', about: 'headers and keys of a background push at APNs' },
  { id: 'payload/apns-voip', about: 'headers and keys of a PushKit push' },
  { id: 'payload/no-double', about: 'content-available never stands beside an alert' },
  { id: 'payload/expiration', about: 'APNs expiration is absolute; 0 for calls' },
  { id: 'payload/id', about: 'apns-id is a UUID, the same over attempts and as collapse id' },
  { id: 'payload/wording', about: 'the words shown are the app’s config' },
  { id: 'payload/fcm', about: 'FCM gets data only, all of it strings' },
  { id: 'payload/fcm-priority', about: 'high for alerts and calls, normal otherwise' },
  { id: 'payload/fcm-ttl', about: 'ttl is a duration' },
  { id: 'payload/fcm-collapse', about: 'the collapse key is the app’s config' },
  { id: 'payload/p2-account', about: 'p2 devices get a hash for their account' },
  { id: 'payload/raw-token', about: 'raw tokens get a fixed alert that the app may rewrite' },
  { id: 'payload/apns-limit', about: 'an APNs payload has at most 4096 bytes' },
  { id: 'payload/voip-limit', about: 'a PushKit payload has at most 5120 bytes' },
  { id: 'payload/fcm-limit', about: 'FCM data has at most 4000 bytes' },
  { id: 'payload/largest', about: 'max-payload-size surely fits' },
  { id: 'payload/never-truncated', about: 'what does not fit is left out whole, and the push goes without it' },
];

const outcomes: readonly Paragraph[] = [
  { id: 'outcome/delivered', about: 'accepted: result' },
  { id: 'outcome/retry', about: 'not now: kept, answered result, and sent again by itself' },
  { id: 'outcome/retry-after', about: 'what the provider asks to wait is waited' },
  { id: 'outcome/gone', about: 'a dead token: item-not-found, from then on' },
  { id: 'outcome/gone-before', about: 'a token that died before it was registered is not dead' },
  { id: 'outcome/refused', about: 'a payload that is not acceptable goes again without content, once' },
  { id: 'outcome/misconfigured', about: 'our fault: wait, and the registration stays' },
  { id: 'outcome/unknown-node', about: 'an unknown node: item-not-found' },
  { id: 'outcome/lost-node', about: 'a node that may have been ours: wait, since the store may have lost it' },
  { id: 'outcome/wrong-publisher', about: 'another publisher, or the wrong secret: forbidden' },
  { id: 'outcome/malformed', about: 'no publish that can be understood: wait and bad-request' },
  { id: 'outcome/rate-limit', about: 'too many wake-ups: result, and one goes later' },
  { id: 'outcome/publisher-limit', about: 'a publisher beyond its limit: wait, and the registration stays' },
  { id: 'outcome/believable', about: 'a bad token is believed only where others fare well' },
  { id: 'outcome/environments', about: 'with environment auto, the other one is tried' },
  { id: 'outcome/second-token', about: 'a dead PushKit token drops that token, and the call comes as an alert' },
  { id: 'outcome/condition-first', about: 'in errors the condition comes before the text' },
  {
    id: 'outcome/outbox-full',
    about: 'what cannot be kept is answered wait',
    apart: { why: 'needs a full disk', heldBy: 'test/store/outbox/limits.test.ts' },
  },
  {
    id: 'outcome/guard',
    about: 'sudden mass loss is doubted',
    apart: { why: 'needs fifty devices', heldBy: 'test/guard' },
  },
  {
    id: 'outcome/revocation',
    about: 'a removed registration is revoked by a headline',
    apart: { why: 'goes beside the way of a notification', heldBy: 'test/xmpp' },
  },
];

const registering: readonly Paragraph[] = [
  { id: 'register/tigase', about: 'Siskin, Snikket and Stork register by Tigase’s commands' },
  { id: 'register/p2', about: 'Conversations registers by the commands of p2' },
  { id: 'register/v1', about: 'clients of mod_push_appserver register by its commands' },
  { id: 'register/raw-token', about: 'Monal’s node is its token' },
  { id: 'register/same-node', about: 'the same device gets the same node again' },
  {
    id: 'register/durable',
    about: 'registering is answered after the commit',
    apart: { why: 'needs a crash', heldBy: 'test/store/registry/sqlite.test.ts' },
  },
  { id: 'register/http-unregister', about: 'unregistering over HTTP, whatever the case, succeeds for unknown devices' },
  {
    id: 'register/http-limit',
    about: 'unregistering over HTTP is limited',
    apart: { why: 'needs many requests', heldBy: 'test/http/rate-limit.test.ts' },
  },
];

const encrypt: readonly Paragraph[] = [
  { id: 'encrypt/1', about: 'why contents are not for third parties', apart: background },
  { id: 'encrypt/2', about: 'what the text covers', apart: background },
  { id: 'encrypt/3-push', about: 'the server supports XEP-0357' },
  { id: 'encrypt/3-parties', about: 'client and component support the extension' },
  { id: 'encrypt/4.1-ask', about: 'the client asks its server before it asks for sealing' },
  { id: 'encrypt/4.1-feature', about: 'the server lists the feature' },
  { id: 'encrypt/4.1-algorithms', about: 'the server lists its algorithms' },
  { id: 'encrypt/4.2-encrypt', about: 'encrypt in enable asks for sealing' },
  { id: 'encrypt/4.2-alg', about: 'alg is an algorithm of both sides' },
  { id: 'encrypt/4.2-aes-128-gcm', about: 'AES-128-GCM with a tag of 128 bits is there at least' },
  { id: 'encrypt/4.2-key', about: 'the text of encrypt is the key in Base64' },
  { id: 'encrypt/4.2-max-size', about: 'max-size is a number of bytes' },
  { id: 'encrypt/4.2-cut', about: 'a body that does not fit is cut at its end' },
  { id: 'encrypt/4.3-disable', about: 'disable ends it' },
  { id: 'encrypt/4.3-again', about: 'enabling again without encrypt ends sealing' },
  { id: 'encrypt/4.4-publish', about: 'the server publishes to every service of the user' },
  { id: 'encrypt/4.4-no-form', about: 'the summary form is left out' },
  { id: 'encrypt/4.4-unread', about: 'unread is a number' },
  { id: 'encrypt/4.4-sender', about: 'sender is a bare JID' },
  { id: 'encrypt/4.4-chat', about: 'type chat' },
  { id: 'encrypt/4.4-groupchat', about: 'type groupchat' },
  { id: 'encrypt/4.4-subscribe', about: 'type subscribe' },
  { id: 'encrypt/4.4-call', about: 'type call' },
  { id: 'encrypt/4.4-message', about: 'message is the body, perhaps only its beginning' },
  { id: 'encrypt/4.4-nickname', about: 'nickname is the sender’s in a group chat' },
  { id: 'encrypt/4.4-sid', about: 'sid is the session of a call' },
  { id: 'encrypt/4.4-caller', about: 'sender of a call is a full JID, as servers write it and clients need it' },
  { id: 'encrypt/4.4-media', about: 'media says what a call offers, and is absent at its end; servers add it' },
  { id: 'encrypt/4.4-account-removed', about: 'type account-removed, which Tigase adds, without a sender' },
  { id: 'encrypt/4.4-sealed', about: 'the JSON is sealed with key and algorithm of the client' },
  { id: 'encrypt/4.4-encrypted', about: 'encrypted holds ciphertext and tag in Base64' },
  { id: 'encrypt/4.4-iv', about: 'iv is an attribute, in Base64' },
  { id: 'encrypt/5.1', about: 'why it is JSON', apart: background },
];

const omemo: readonly Paragraph[] = [
  { id: 'omemo/1', about: 'why a device id is enough', apart: background },
  { id: 'omemo/2', about: 'what the text covers', apart: background },
  { id: 'omemo/3', about: 'server, client and component support push and sealing' },
  { id: 'omemo/4.1-ask', about: 'the client asks its server first' },
  { id: 'omemo/4.1-feature', about: 'the server lists the feature' },
  { id: 'omemo/4.2-encrypt', about: 'encrypt stands beside omemo and complies with its own text' },
  { id: 'omemo/4.2-device', about: 'omemo names the device id' },
  { id: 'omemo/4.2-no-device', about: 'omemo without a usable device id is refused' },
  { id: 'omemo/4.2-no-encrypt', about: 'omemo without encrypt changes nothing: there is no JSON to stand in' },
  { id: 'omemo/4.3-publish', about: 'the server publishes to every service of the user' },
  { id: 'omemo/4.3-object', about: 'the object omemo stands in the sealed JSON' },
  { id: 'omemo/4.3-keys', about: 'keys are those for the device' },
  { id: 'omemo/4.3-sid', about: 'sid is the sender’s device id' },
  { id: 'omemo/4.3-data', about: 'data is the payload' },
  { id: 'omemo/4.3-iv', about: 'iv is the header’s' },
];

export const paragraphs: readonly Paragraph[] = [
  ...routing,
  ...payloads,
  ...outcomes,
  ...registering,
  ...encrypt,
  ...omemo,
];
