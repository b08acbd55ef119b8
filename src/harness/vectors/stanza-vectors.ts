/** Vectors of the stanzas: `<enable/>`, the publish, and the OMEMO data of a message for one device. */
import { parse } from 'ltx';
import { applyPushRequest, type EnabledDevice } from '../server/enabling.ts';
import type { ServerEvent } from '../server/event.ts';
import { readOmemo } from '../sealing/omemo.ts';
import { writePublish } from '../server/publish-stanza.ts';
import { ivBytes, keyBytes } from '../sealing/sealing.ts';
import { reference } from '../server/server-flavours.ts';
import { base64, bytesOf } from './bytes.ts';
import type { EnablingVector, OmemoVector, PublishVector } from './format.ts';

const key = base64(bytesOf('key of enabling', keyBytes));
const start = `<enable xmlns='urn:xmpp:push:0' jid='push-5.client.example' node='yxs32uqsflafdk3iuqo'`;
const encrypt = (attributes: string, text: string) =>
  `${start}><encrypt xmlns='tigase:push:encrypt:0'${attributes}>${text}</encrypt></enable>`;

const enables: readonly [name: string, xml: string][] = [
  ['a key', encrypt(` alg='aes-128-gcm'`, key)],
  ['a key with white space around it', encrypt(` alg='aes-128-gcm'`, `\n      ${key}\n    `)],
  ['max-size', encrypt(` alg='aes-128-gcm' max-size='3072'`, key)],
  ['no encrypt', `${start}/>`],
  ['another algorithm', encrypt(` alg='aes-256-gcm'`, key)],
  ['the name that the OMEMO variant writes', encrypt(` alg='aes-gcm'`, key)],
  ['no algorithm', encrypt('', key)],
  ['no key', encrypt(` alg='aes-128-gcm'`, '')],
  ['a key of fifteen bytes', encrypt(` alg='aes-128-gcm'`, base64(bytesOf('short', 15)))],
  ['a key of thirty-two bytes', encrypt(` alg='aes-128-gcm'`, base64(bytesOf('long', 32)))],
  ['a key that is no base64', encrypt(` alg='aes-128-gcm'`, '*'.repeat(24))],
  ['max-size of zero', encrypt(` alg='aes-128-gcm' max-size='0'`, key)],
  ['max-size that is no number', encrypt(` alg='aes-128-gcm' max-size='3 kB'`, key)],
  ['encrypt of another namespace', encrypt(` alg='aes-128-gcm'`, key).replace('encrypt:0', 'encrypt:1')],
  [
    'an OMEMO device',
    encrypt(` alg='aes-128-gcm'`, key).replace(
      '</enable>',
      `<omemo xmlns='tigase:push:encrypt:omemo:0' deviceId='1325'/></enable>`,
    ),
  ],
  [
    'an OMEMO device without id',
    encrypt(` alg='aes-128-gcm'`, key).replace('</enable>', `<omemo xmlns='tigase:push:encrypt:omemo:0'/></enable>`),
  ],
  ...['0', '-1', '13x', '2147483648', ''].map((id): [string, string] => [
    `an OMEMO device with the id ${id === '' ? 'of no character' : id}`,
    encrypt(` alg='aes-128-gcm'`, key).replace(
      '</enable>',
      `<omemo xmlns='tigase:push:encrypt:omemo:0' deviceId='${id}'/></enable>`,
    ),
  ]),
  ['an OMEMO device without encrypt', `${start}><omemo xmlns='tigase:push:encrypt:omemo:0' deviceId='1325'/></enable>`],
  ['no address', `<enable xmlns='urn:xmpp:push:0' node='yxs32uqsflafdk3iuqo'/>`],
];

export function enablingVectors(): EnablingVector[] {
  return enables.map(([name, xml]) => {
    const devices = new Map<string, EnabledDevice>();
    const expected = applyPushRequest(devices, parse(xml), reference);
    const [device] = devices.values();
    return { name, xml, expected, ...(device && { device: describeDevice(device) }) };
  });
}

/** What a device asked for, in the terms of a vector. */
export function describeDevice({ sealing, omemoDevice }: EnabledDevice): NonNullable<EnablingVector['device']> {
  return {
    ...(sealing && { key: base64(sealing.key) }),
    ...(sealing?.maxSizeBytes !== undefined && { maxSize: sealing.maxSizeBytes }),
    ...(omemoDevice !== undefined && { omemoDevice }),
  };
}

const juliet = 'juliet@capulet.example/balcony';
const omemoMessage =
  `<encrypted xmlns='eu.siacs.conversations.axolotl'><header sid='27183'><key prekey='true' rid='1325'>` +
  `${base64(bytesOf('omemo key', 64))}</key><iv>${base64(bytesOf('omemo iv', 12))}</iv></header>` +
  `<payload>${base64(bytesOf('omemo payload', 30))}</payload></encrypted>`;

const events: readonly [name: string, event: ServerEvent, unread: number, enable?: string | undefined][] = [
  ['a message', { kind: 'message', from: juliet, body: 'Wherefore art thou, Romeo?' }, 1],
  ['a message without a word', { kind: 'message', from: juliet, body: '' }, 1],
  ['a message with characters that XML escapes', { kind: 'message', from: juliet, body: `<b>&'"</b>` }, 12],
  [
    'a group chat',
    {
      kind: 'groupchat',
      room: 'coven@chat.shakespeare.example',
      nickname: 'First Witch',
      body: 'When shall we three meet again?',
    },
    2,
  ],
  ['a subscription', { kind: 'subscription', from: 'paris@verona.example' }, 0],
  ['a call', { kind: 'call-offer', from: juliet, sid: 'a73sjjvkla37jfea', media: ['audio', 'video'] }, 0],
  ['the end of a call', { kind: 'call-end', from: juliet, sid: 'a73sjjvkla37jfea' }, 0],
  ['a receipt', { kind: 'receipt', from: juliet }, 0],
  ['a chat state', { kind: 'chat-state', from: juliet }, 0],
  ['messages read elsewhere, which have no sealed form', { kind: 'read-elsewhere' }, 0],
  [
    'a message that is cut',
    { kind: 'message', from: juliet, body: 'Deny thy father and refuse thy name. '.repeat(10) },
    1,
    encrypt(` alg='aes-128-gcm' max-size='240'`, key),
  ],
  [
    'an OMEMO message',
    { kind: 'message', from: juliet, body: 'I sent you an encrypted message', omemo: omemoMessage },
    1,
    enables[14]?.[1],
  ],
  ['a message to a device without sealing', { kind: 'message', from: juliet, body: 'In clear' }, 1, `${start}/>`],
];

const plainEnable = `${start}><priority xmlns='tigase:push:priority:0'/><encrypt xmlns='tigase:push:encrypt:0' alg='aes-128-gcm' max-size='3072'>${key}</encrypt></enable>`;

export function publishVectors(): PublishVector[] {
  return events.map(([name, event, unread, enable = plainEnable]) => {
    const iv = bytesOf(`iv of ${name}`, ivBytes);
    const asked = { name, account: 'romeo@montague.example', enable, event, unread, id: 'n12', iv: base64(iv) };
    return { ...asked, expected: publishOf(asked) };
  });
}

/** The stanza of the reference, from what a vector says. */
export function publishOf(vector: Omit<PublishVector, 'expected'>): PublishVector['expected'] {
  const devices = new Map<string, EnabledDevice>();
  applyPushRequest(devices, parse(vector.enable), reference);
  const [device] = devices.values();
  if (!device) throw new Error('the enable of this vector is refused');
  const { account, event, unread, id } = vector;
  const domain = account.slice(account.indexOf('@') + 1);
  const randomBytes = () => Buffer.from(vector.iv, 'base64');
  const publish = writePublish({ flavour: reference, domain, account, device, event, unread, id, randomBytes });
  return { xml: publish.xml, ...(publish.sealed && { json: publish.sealed.content.json }) };
}

const omemo2 =
  `<encrypted xmlns='urn:xmpp:omemo:2'><header sid='27183'><keys jid='juliet@capulet.lit'><key rid='31415'>` +
  `SlVMSUVU</key></keys><keys jid='romeo@montague.lit'><key rid='1337'>Uk9NRU8x</key><key kex='true' rid='31415'>` +
  `\n  Uk9N\n  RU8y\n</key></keys></header><payload>REFUQQ==</payload></encrypted>`;

const omemoRows: readonly [name: string, encrypted: string, account: string, deviceId: string][] = [
  ['axolotl, the device is meant', omemoMessage, 'romeo@montague.lit', '1325'],
  ['axolotl, another device is meant', omemoMessage, 'romeo@montague.lit', '1326'],
  ['axolotl, keys without a payload', omemoMessage.replace(/<payload>.*<\/payload>/, ''), 'romeo@montague.lit', '1325'],
  ['version 2, which has no iv', omemo2, 'romeo@montague.lit', '1337'],
  ['version 2, white space in the key', omemo2, 'romeo@montague.lit', '31415'],
  ['version 2, the same device id of another account', omemo2, 'juliet@capulet.lit', '31415'],
  ['version 2, another account', omemo2, 'paris@verona.lit', '31415'],
  [
    'another namespace',
    omemoMessage.replace('eu.siacs.conversations.axolotl', 'urn:xmpp:omemo:9'),
    'romeo@montague.lit',
    '1325',
  ],
  ['no sender device', omemoMessage.replace(` sid='27183'`, ''), 'romeo@montague.lit', '1325'],
  ['broken XML', '<encrypted', 'romeo@montague.lit', '1325'],
];

export function omemoVectors(): OmemoVector[] {
  return omemoRows.map(([name, encrypted, account, deviceId]) => ({
    name,
    encrypted,
    account,
    deviceId,
    expected: readOmemo(encrypted, account, deviceId) ?? null,
  }));
}
