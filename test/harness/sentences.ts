/**
 * Each sentence that scenarios hold, broken on purpose: whoever acts on it (Sealpost, or the harness as the XMPP server and
 * the client of both texts) with one line changed.
 */
import { type Mutant, mutants } from './mutants.ts';

export interface BrokenSentence {
  /** Id in `paragraphs.ts`. */
  readonly paragraph: string;
  readonly mutant: Mutant;
}

/** Sentences that a row of the server's tables expresses, with the name of the mutant of that row. */
const byTable: readonly [paragraph: string, mutant: string][] = [
  ['routing/call', 'route-voip-never'],
  ['routing/call-without-pushkit', 'route-call-always-pushkit'],
  ['routing/call-end', 'route-voip-whatever-priority'],
  ['routing/sealed-high', 'route-sealed-never-alert'],
  ['routing/sealed-low', 'route-sealed-always-alert'],
  ['routing/unimportant', 'route-unimportant-carried'],
  ['routing/read-elsewhere', 'route-clear-another-number'],
  ['routing/plain-visible', 'route-plain-body-hidden'],
  ['routing/plain-forward', 'route-plain-all-forwarded'],
  ['routing/wake-up', 'route-wake-up-not-coalesced'],
  ['routing/absent-priority', 'route-absent-priority-turned'],
  ['payload/raw-token', 'route-raw-token-as-others'],
  ['outcome/delivered', 'answer-sent'],
  ['outcome/retry', 'answer-queued'],
  ['outcome/gone', 'answer-gone'],
  ['outcome/refused', 'answer-payload-rejected'],
  ['outcome/misconfigured', 'answer-misconfigured'],
  ['outcome/unknown-node', 'answer-unknown-node'],
  ['outcome/lost-node', 'answer-lost'],
  ['outcome/wrong-publisher', 'answer-wrong-publisher'],
  ['outcome/publisher-limit', 'answer-rate-limited'],
  ['outcome/malformed', 'answer-malformed'],
  ['outcome/rate-limit', 'answer-coalesced'],
];

type Edit = readonly [paragraph: string, file: string, row: string, instead: string];

const apnsPayload = 'providers/apns/payload.ts';
const fcmPayload = 'providers/fcm/payload.ts';
const sealpost: readonly Edit[] = [
  ['payload/apns-alert', apnsPayload, `, 'mutable-content': 1`, ''],
  ['payload/apns-background', apnsPayload, `'content-available': 1`, ''],
  ['payload/apns-voip', apnsPayload, "kind === 'voip' ? `${app.topic}.voip` : app.topic", 'app.topic'],
  [
    'payload/no-double',
    apnsPayload,
    `lastResort.alert), 'mutable-content': 1`,
    `lastResort.alert), 'mutable-content': 1, 'content-available': 1`,
  ],
  ['payload/expiration', apnsPayload, 'Math.floor(expiresAtMs / 1000)', 'Math.floor(expiresAtMs)'],
  ['payload/id', apnsPayload, `'apns-collapse-id': id`, `'apns-collapse-id': 'newest'`],
  ['payload/wording', apnsPayload, '...(title !== undefined && { title }),', ''],
  ['payload/fcm', fcmPayload, 'String(unreadMessages)', 'unreadMessages'],
  ['payload/fcm-priority', fcmPayload, `push.kind === 'background' ? 'normal' : 'high'`, `'normal'`],
  ['payload/fcm-ttl', fcmPayload, '`${ttlSeconds(push, nowMs)}s`', `'3600s'`],
  ['payload/fcm-collapse', fcmPayload, 'collapse_key: collapseKey', `collapse_key: 'another'`],
  ['payload/p2-account', 'conventions/p2.ts', 'account: accountHash ?? hashForDevice(account, deviceId)', 'account'],
  ['payload/apns-limit', apnsPayload, '  alert: 4096,', '  alert: 8192,'],
  ['payload/voip-limit', apnsPayload, 'voip: 5120,', 'voip: 4096,'],
  ['payload/fcm-limit', fcmPayload, 'dataLimit = 4000;', 'dataLimit = 8000;'],
  [
    'payload/largest',
    apnsPayload,
    'Math.min(largestCiphertextBytes, Math.min(...room) - uncountedBytes)',
    'largestCiphertextBytes + 2000',
  ],
  [
    'payload/never-truncated',
    apnsPayload,
    `encode(push, { kind: 'none' }, app)`,
    `encode(push, { ...push.content, ciphertext: push.content.ciphertext.slice(0, 400) }, app)`,
  ],
  [
    'outcome/retry-after',
    'providers/fcm/client.ts',
    'asked ?? (answer.status === 429 ? quotaPauseMs : undefined)',
    'answer.status === 429 ? quotaPauseMs : undefined',
  ],
  [
    'outcome/gone-before',
    'providers/apns/client.ts',
    'if (timestampMs !== undefined && timestampMs <= device.registeredAtMs)',
    'if (false)',
  ],
  [
    'outcome/believable',
    'providers/results.ts',
    'return clock.monotonic() - acceptedAtMs <= believableWithinMs;',
    // The other way about, believing always, the guard stands in the way as well.
    'return false;',
  ],
  ['outcome/environments', 'providers/apns/client.ts', 'if (second !== undefined) {', 'if (false) {'],
  [
    'outcome/second-token',
    'delivery/dispatch.ts',
    'if (isSecond) return toCallAlert(addressed);\n    onRemoved',
    `if (isSecond) return { kind: 'gone' };\n    onRemoved`,
  ],
  [
    'outcome/condition-first',
    'xmpp/services/errors.ts',
    "`<error type='${type}'>",
    "`<error type='${type}'><text xmlns='${NS.stanzaErrors}'>No.</text>",
  ],
  [
    'register/tigase',
    'conventions/tigase.ts',
    `name: 'features', type: 'text-multi'`,
    `name: 'features', type: 'text-single'`,
  ],
  ['register/p2', 'conventions/p2.ts', `{ name: 'secret', type: 'text-single', values: [secret] },`, ''],
  ['register/v1', 'conventions/v1.ts', `{ name: 'node', type: 'text-single', values: [node] },`, ''],
  ['register/raw-token', 'conventions/raw-token.ts', 'if (!app || token === undefined || isDead(token))', 'if (true)'],
  ['register/same-node', 'conventions/tigase.ts', 'device: token,', 'device: `${token}${process.hrtime.bigint()}`,'],
  [
    'register/http-unregister',
    'http/public.ts',
    'foldCase(request.params.jid)',
    `request.params.jid.replace('push.', 'other.')`,
  ],
];

const publish = 'harness/server/publish-stanza.ts';
const enabling = 'harness/server/enabling.ts';
const flavours = 'harness/server/server-flavours.ts';
const json = 'harness/sealing/payload-json.ts';
const event = 'harness/server/event.ts';
const omemo = 'harness/sealing/omemo.ts';
const everyService = 'Promise.all([...devices].map(';
const oneService = 'Promise.all([...devices].slice(0, 1).map(';
const texts: readonly Edit[] = [
  [
    'encrypt/3-push',
    enabling,
    `devices.delete(devices.keys().next().value ?? '');\n  return { kind: 'result' };`,
    `devices.delete(devices.keys().next().value ?? '');\n  return refuse('cancel', 'service-unavailable');`,
  ],
  [
    'encrypt/3-parties',
    'harness/clients/client.ts',
    'const seals = sealed && model.seals &&',
    'const seals = false &&',
  ],
  [
    'encrypt/4.1-ask',
    'harness/clients/client.ts',
    'writeEnable(model, request, askAccount())',
    `writeEnable(model, request, ['tigase:push:filter:muted:0', 'tigase:push:filter:groupchat:0', 'tigase:push:priority:0', sealingNamespace, 'tigase:push:encrypt:aes-128-gcm'])`,
  ],
  ['encrypt/4.1-feature', flavours, `  'tigase:push:encrypt:0',\n`, ''],
  ['encrypt/4.1-algorithms', flavours, `  'tigase:push:encrypt:aes-128-gcm',\n`, ''],
  ['encrypt/4.2-encrypt', enabling, `const sealing = priority &&`, 'const sealing = false &&'],
  ['encrypt/4.2-alg', enabling, `if (attribute(encrypt, 'alg') !== 'aes-128-gcm')`, 'if (false)'],
  ['encrypt/4.2-aes-128-gcm', 'harness/sealing/sealing.ts', `options.tag === 'zero' ?`, 'true ?'],
  ['encrypt/4.2-key', enabling, 'key?.length !== keyBytes', 'key === undefined'],
  ['encrypt/4.2-max-size', enabling, 'if (!/^[1-9][0-9]{0,8}$/.test(size))', 'if (false)'],
  ['encrypt/4.2-cut', json, 'message.slice(0, wholeCodePoints(message, shortest));', 'message;'],
  [
    'encrypt/4.3-disable',
    enabling,
    'if (device.jid === jid && (node === undefined || device.node === node))',
    'if (false)',
  ],
  [
    'encrypt/4.3-again',
    enabling,
    '  devices.delete(keyOf(jid, node));\n',
    `  if (!sealing && devices.get(keyOf(jid, node))?.sealing) return { kind: 'result' };\n`,
  ],
  ['encrypt/4.4-publish', 'harness/server/xmpp-server.ts', everyService, oneService],
  [
    'encrypt/4.4-no-form',
    publish,
    'sealed ? writeEncrypted(flavour, event, sealed.seal) :',
    'sealed ? writeEncrypted(flavour, event, sealed.seal) + writeSummary(flavour, event, request.unread) :',
  ],
  ['encrypt/4.4-unread', publish, `flavour.unread === 'counted' ? unread : 1`, '1'],
  ['encrypt/4.4-sender', event, '? event.from : bareJid(event.from)', '? event.from : event.from'],
  ['encrypt/4.4-chat', json, `message: 'chat',`, `message: 'unknown',`],
  ['encrypt/4.4-groupchat', json, `groupchat: 'groupchat',`, `groupchat: 'chat',`],
  ['encrypt/4.4-subscribe', json, `subscription: 'subscribe',`, `subscription: 'chat',`],
  ['encrypt/4.4-call', json, `'call-offer': 'call',`, `'call-offer': 'chat',`],
  ['encrypt/4.4-message', json, '...(message === undefined ? {} : { message }),', ''],
  ['encrypt/4.4-nickname', json, '{ nickname: event.nickname }', '{}'],
  ['encrypt/4.4-sid', json, '{ sid: event.sid }', '{}'],
  ['encrypt/4.4-caller', event, '? event.from : bareJid(event.from)', '? bareJid(event.from) : bareJid(event.from)'],
  ['encrypt/4.4-media', json, '{ media: event.media }', '{}'],
  [
    'encrypt/4.4-account-removed',
    'harness/clients/siskin-payloads.ts',
    `undecodable('it is no JSON object');\n  const { unread,`,
    `undecodable('it is no JSON object');\n  if (fields['type'] === 'account-removed') return { kind: 'crash', why: '' };\n  const { unread,`,
  ],
  [
    'encrypt/4.4-sealed',
    publish,
    'seal(content.json, sealing.key, randomBytes',
    'seal(content.json, randomBytes(16), randomBytes',
  ],
  [
    'encrypt/4.4-encrypted',
    'harness/sealing/sealing.ts',
    `Buffer.concat([body, rest, tag]).toString('base64')`,
    `Buffer.concat([body, rest, tag]).toString('hex')`,
  ],
  ['encrypt/4.4-iv', publish, "${type} iv='${iv}'>", "${type} nonce='${iv}'>"],
  ['omemo/3', flavours, `omemo: true,`, `omemo: false,`],
  ['omemo/4.1-ask', enabling, '&& has(omemoNamespace)', ''],
  ['omemo/4.1-feature', flavours, `[...sealingFeatures, 'tigase:push:encrypt:omemo:0']`, 'sealingFeatures'],
  [
    'omemo/4.2-encrypt',
    enabling,
    `if (attribute(encrypt, 'alg') !== 'aes-128-gcm')`,
    `if (!/^aes(-128)?-gcm$/.test(attribute(encrypt, 'alg') ?? ''))`,
  ],
  ['omemo/4.2-device', enabling, `deviceId='\${request.omemoDevice}'`, `device-id='\${request.omemoDevice}'`],
  ['omemo/4.2-no-device', enabling, `? id : refuse('modify', 'bad-request');`, `? id : '1';`],
  [
    'omemo/4.2-no-encrypt',
    enabling,
    'omemo && flavour.omemo ? readOmemoDevice(omemo) :',
    `omemo && flavour.omemo ? (sealing ? readOmemoDevice(omemo) : refuse('modify', 'bad-request')) :`,
  ],
  ['omemo/4.3-publish', 'harness/server/xmpp-server.ts', everyService, oneService],
  ['omemo/4.3-object', json, '...(omemo ? { omemo } : {}),', '...(omemo ? { axolotl: omemo } : {}),'],
  ['omemo/4.3-keys', omemo, `.filter((key) => attribute(key, 'rid') === deviceId)`, ''],
  ['omemo/4.3-sid', omemo, '    keys,\n    sid,\n', '    keys,\n    sid: deviceId,\n'],
  ['omemo/4.3-data', omemo, '...(data ? { data: base64Of(data) } : {}),', ''],
  ['omemo/4.3-iv', omemo, '...(iv ? { iv: base64Of(iv) } : {}),', ''],
];

/** One for each sentence at least. */
export const brokenSentences: readonly BrokenSentence[] = [
  ...byTable.map(([paragraph, name]): BrokenSentence => {
    const mutant = mutants.find((each) => each.name === name);
    if (!mutant) throw new Error(`there is no mutant ${name}`);
    return { paragraph, mutant };
  }),
  ...[...sealpost, ...texts].map(([paragraph, file, row, instead]): BrokenSentence => ({
    paragraph,
    mutant: { name: `sentence-${paragraph.replaceAll(/[/.]/g, '-')}`, file, row, instead, hints: [] },
  })),
];
