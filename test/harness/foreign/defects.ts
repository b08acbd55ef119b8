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
  ['ignores-voip', 'sends calls as alerts', misplaced('an alert', 'a PushKit push')],
  ['calls-to-first-token', 'sends calls to the token for messages', /^its token is first, not second$/],
  ['ends-calls-by-pushkit', 'ends calls through PushKit', misplaced('a PushKit push', 'a background push')],
  [
    'alert-for-everything',
    'alerts at everything',
    misplaced('an alert', 'a PushKit push'),
    misplaced('an alert', 'a background push'),
    /^priority is high, not normal$/,
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
  ['anybody-publishes', 'takes publishes from anybody', /^publishes of a server that is not that of the account/],
  [
    'publisher-by-suffix',
    'compares the end of the name alone',
    /^publishes of a server that is not that of the account/,
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
];

export const defects: readonly Defect[] = rows.map(([name, about, ...causes]) => ({ name, about, causes }));
