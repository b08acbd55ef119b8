/**
 * Defects of the component in this folder, one at a time, and what the harness must say of each. The names are those that
 * `component.mjs` takes as its last argument.
 */
export interface Defect {
  readonly name: string;
  /** What a reader of the component would say is wrong. */
  readonly about: string;
  /** The causes that a run names, the most frequent first: most defects have one. */
  readonly causes: readonly RegExp[];
}

const alive = (word: string) => new RegExp(`^the answer ${word} makes .* delete a device that is alive$`);
const keptDead = /^at the answer \S+ .* keep a dead device$/;
const misplaced = (came: string, due: string) => new RegExp(`^${came} comes in place of ${due}$`);

/** Users of the account's own server are no better than strangers. */
const users = /^publishes of another user of the server reach the device$/;
/** Where the phone has no PushKit token, an alert is due, but not one for messages. */
const rewrites = /^mutable-content stands beside a call/;

const rows: readonly [name: string, about: string, ...causes: RegExp[]][] = [
  ['cuts-ciphertext', 'cuts the ciphertext', /^the ciphertext was cut to 60 of \d+ characters$/],
  ['cuts-third', 'cuts the third ciphertext of a device', /^the ciphertext was cut to 60 of \d+ characters$/],
  ['drops-iv', 'forgets the IV', /^the IV is missing$/],
  ['flips-a-bit', 'changes a bit', /^one bit of the ciphertext was changed$/],
  ['base64url', 'writes base64url', /^the ciphertext is base64url, or has no padding,/],
  ['strips-tag', 'cuts the tag off', /^the ciphertext lost its last 16 bytes, the tag$/],
  ['line-breaks', 'breaks lines', /^the ciphertext has white space in it/],
  [
    'full-jid',
    'names the account by its full JID',
    /^the account is a full JID/,
    /^the app crashes: its push service looks for an account that it does not have$/,
  ],
  ['leaks-nickname', 'hands the nickname on', /^the nickname travels in clear to the provider$/],
  ['leaks-body', 'hands on what stands beside the ciphertext', /travels in clear to the provider$/],
  ['ignores-voip', 'sends calls as alerts', misplaced('an alert', 'a PushKit push'), rewrites],
  ['calls-to-first-token', 'sends calls to the token for messages', /^its token is first, not second$/],
  ['ends-calls-by-pushkit', 'ends calls through PushKit', misplaced('a PushKit push', 'a background push')],
  [
    'alert-for-everything',
    'alerts at everything',
    misplaced('an alert', 'a PushKit push'),
    misplaced('an alert', 'a background push'),
    /^priority is high, not normal$/,
    rewrites,
  ],
  ['drops-background', 'sends nothing of low priority', /^the push did not come$/],
  ['background-at-10', 'sends background pushes at priority 10', /^APNs refuses the push: 400 BadPriority$/],
  ['voip-topic', 'sends calls to the topic of messages', /^APNs refuses the push: 400 BadTopic$/],
  ['not-mutable', 'forgets mutable-content', /^mutable-content is absent, not 1$/],
  ['content-available', 'puts content-available beside alerts', /^content-available stands beside an alert/],
  ['duration-as-date', 'sends a duration for a date', /^apns-expiration is \d+, not a moment to come/],
  ['jwt-for-each-push', 'signs a token for each push', /TooManyProviderTokenUpdates$/],
  ['count-as-text', 'writes the count as text', /^unread-messages is the string 0, not the number 0$/],
  ['sends-twice', 'sends everything twice', /^1 push too many$/],
  ['fcm-normal', 'sends all data at normal priority', /^priority is normal, not high$/],
  ['fcm-notification', 'lets Android show a notification', /^it has a notification, which Android shows/],
  ['outage-is-dead', 'takes an outage for a dead device', alive('cancel/item-not-found')],
  [
    'outage-forgets',
    'forgets the device in an outage',
    /^afterwards the device is lost: the answer is cancel\/item-not-found$/,
  ],
  ['unavailable', 'says service-unavailable in an outage', alive('cancel/service-unavailable')],
  ['busy-is-constraint', 'says resource-constraint at 429', alive('wait/resource-constraint')],
  ['forbidden-is-dead', 'takes a wrong key for a dead device', alive('cancel/item-not-found')],
  ['refused-is-dead', 'takes a refused payload for a dead device', alive('cancel/item-not-found')],
  [
    'result-whatever',
    'says result whatever the provider said',
    /^the answer is result, but nothing arrives within \d+ s$/,
    keptDead,
    /^the call is answered with result, and the phone shows nothing$/,
  ],
  ['hides-dead', 'hides dead devices', keptDead],
  ['dead-second-kills', 'ends the registration with the PushKit token', alive('cancel/item-not-found')],
  ['dead-second-for-ever', 'tries a dead PushKit token for ever', /^PushKit is tried again/],
  [
    'never-reconnects',
    'never opens a connection again',
    /^\d+ s afterwards the answer is still wait\/internal-server-error$/,
    keptDead,
  ],
  [
    'anybody-publishes',
    'takes publishes from anybody',
    /^publishes of a server that is not that of the account/,
    users,
  ],
  [
    'publisher-by-suffix',
    'compares the end of the name alone',
    /^publishes of a server that is not that of the account/,
    users,
  ],
  ['short-ciphertexts', 'hands on ciphertexts shorter than a tag', /crashes: its ciphertext has \d+ bytes/],
  ['malformed-is-gone', 'takes a malformed publish for a dead device', alive('cancel/item-not-found')],
  ['unknown-is-result', 'says result for nodes that nobody has', /^the answer is result, not cancel\/item-not-found$/],
  ['size-too-large', 'promises to carry more than it can', /^the ciphertext is missing$/],
  ['drops-oversize', 'drops what is too large', /^the answer is result, but nothing arrives$/],
  ['refuses-oversize', 'refuses what is too large', alive('modify/not-acceptable')],
  ['one-device-per-account', 'knows one device of an account', /^its token is of another device, not first$/],
  ['one-account-per-token', 'knows one account of a device', /^the account is another one$/],
  ['unregisters-nobody', 'keeps devices that left', /^the answer is result, not cancel\/item-not-found$/],
  ['features-untyped', 'forgets the type of a field', /^the field features has no type/],
  [
    'no-sealing',
    'does not say that it takes sealed notifications',
    /^the field features does not list tigase:push:encrypt:0/,
  ],
  ['form-untyped', 'forgets the type of the form', /^the form in the result has no type/],
  ['node-hidden', 'hides the node from Snikket', /^the field node has the type hidden/],
  ['text-first', 'writes the text before the condition', /^in the answer the text precedes the condition$/],
  ['no-identity', 'forgets its identity', /^disco#info lacks the identity/],
  ['no-push-feature', 'forgets the feature of push', /^disco#info lacks the feature urn:xmpp:push:0$/],
  ['swaps-iv', 'swaps ciphertext and IV', /^ciphertext and IV are swapped$/],
  [
    'another-ciphertext',
    'sends the ciphertext of the publish before',
    /^the ciphertext is another one$/,
    /^the ciphertext is missing$/,
  ],
  ['stale-iv', 'keeps the first IV of a device', /^the IV is another one$/],
  ['drops-iv-on-android', 'forgets the IV in data', /^the IV is missing$/],
  ['trims-padding', 'trims the padding', /^the ciphertext is base64url, or has no padding,/],
  [
    'encodes-twice',
    'encodes the ciphertext twice',
    /^the ciphertext is encoded in base64 twice$/,
    /^the ciphertext is missing$/,
  ],
  ['other-topic', 'sends everything to another topic', /^APNs refuses the push: 400 TopicDisallowed$/],
  ['no-push-type', 'forgets apns-push-type', /^apns-push-type is missing$/],
  ['no-priority', 'forgets apns-priority, which matters in the background', /^APNs refuses the push: 400 BadPriority$/],
  ['no-expiration', 'forgets apns-expiration', /^by its apns-expiration a call may come as long as APNs likes/],
  ['calls-for-a-week', 'rings for a week', /^by its apns-expiration a call may come for \d+ s/],
  ['one-collapse-id', 'has one collapse id for all', /^apns-collapse-id is that of the message before/],
  ['leaks-in-header', 'writes the nickname into a header', /^the nickname travels in clear to the provider$/],
  ['body-in-alert', 'shows what stands beside the ciphertext', /travels in clear to the provider$/],
  ['alert-without-text', 'sends alerts without text', /^its alert has no text/],
  ['mutable-calls', 'lets the extension rewrite calls', rewrites],
  ['pushkit-without-token', 'rings at the token for messages', misplaced('a PushKit push', 'an alert')],
  ['alerts-beside-pushkit', 'sends an alert beside each call', misplaced('an alert', 'a PushKit push')],
  ['alerts-to-second-token', 'sends messages to the token for calls', /^its token is second, not first$/],
  ['keeps-second-token', 'keeps the first PushKit token of a device', /^its token is outdated, not second$/],
  [
    'numbers-on-android',
    'writes numbers into data',
    /^FCM refuses the push: 400 INVALID_ARGUMENT: Invalid value at 'message\.data/,
  ],
  [
    'ttl-as-number',
    'writes the ttl as a number',
    /^FCM refuses the push: 400 INVALID_ARGUMENT: Invalid value at 'message\.android\.ttl'/,
  ],
  ['lowers-tokens', 'writes tokens in lower case', /^the push goes to the token in other letters$/],
  ['cuts-tokens', 'cuts tokens to 128 characters', /^the push goes to a token cut to 128 of 163 characters$/],
  [
    'counts-characters',
    'counts characters where HTTP counts bytes',
    /^the answer is wait\/internal-server-error, not result$/,
  ],
  ['reads-latin1', 'reads UTF-8 as Latin-1', /^the answer goes to account-beyond-ascii-Ð/],
  ['never-clears', 'clears nothing', /^the push did not come$/],
  ['drops-without-priority', 'drops what has no priority', /^the push did not come$/],
  [
    'drops-every-other',
    'drops every other publish',
    /^the push did not come$/,
    /^the answer is result, but nothing arrives within \d+ s$/,
    /^the call is answered with result, and the phone shows nothing$/,
  ],
  ['node-of-token', 'makes one node for all accounts of a token', /^the account is another one$/],
  [
    'unregisters-all-accounts',
    'lets all accounts of a device leave with one',
    /^the answer is cancel\/item-not-found, not result$/,
  ],
  [
    'strangers-kill',
    'forgets the device when a stranger publishes',
    /^the answer is cancel\/item-not-found, not result$/,
  ],
  ['publisher-by-domain', 'takes publishes from all users of the server', users],
  [
    'answers-early',
    'answers before it sends, and looks at nothing afterwards',
    /^the answer is result, but nothing arrives within \d+ s$/,
    keptDead,
    /^the call is answered with result, and the phone shows nothing$/,
  ],
  [
    'reset-forgets',
    'forgets the device when a connection breaks',
    /^afterwards the device is lost: the answer is cancel\/item-not-found$/,
  ],
  ['any-404-is-dead', 'takes a wrong path or project for a dead device', alive('cancel/item-not-found')],
  ['dead-is-later', 'says of dead devices that it may be later', keptDead],
  ['dead-is-later-on-android', 'knows no dead devices at FCM', keptDead],
  ['dies-of-malformed', 'ends at a malformed publish', /^the component closed its connection$/],
  ['drops-resource', 'answers to the bare address', /^the answer goes to tigase\.example, not to tigase\.example\//],
  ['wrong-id', 'answers with another id', /^answers come with ids that no request had$/],
];

export const defects: readonly Defect[] = rows.map(([name, about, ...causes]) => ({ name, about, causes }));
