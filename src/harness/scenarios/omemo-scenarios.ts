/** "Encrypted Push Notifications - OMEMO", sentence by sentence. */
import { encrypt, enable, priority } from './enable-fixtures.ts';
import { omemoWords } from './omemo-fixtures.ts';
import type { Scenario } from './scenario.ts';
import { juliet, ready, sealedAlert, taken } from './fixtures.ts';

const omemoMessage = {
  kind: 'message',
  from: juliet,
  body: 'I sent you an encrypted message',
  omemo: omemoWords.axolotl,
} as const;
const fields = { keys: [omemoWords.key], sid: '27183', iv: omemoWords.iv, data: omemoWords.data };

export const omemoScenarios: readonly Scenario[] = [
  {
    id: 'omemo',
    title: 'A phone that named its OMEMO device gets keys, sender device, IV and payload of the message',
    paragraphs: [
      'omemo/4.1-ask',
      'omemo/4.1-feature',
      'omemo/4.2-encrypt',
      'omemo/4.2-device',
      'omemo/4.3-object',
      'omemo/4.3-keys',
      'omemo/4.3-sid',
      'omemo/4.3-data',
      'omemo/4.3-iv',
      'omemo/3',
    ],
    scope: 'any',
    capability: 'omemo',
    phone: 'iphone',
    omemoDevice: 1325,
    steps: [
      { do: 'register' },
      { do: 'enable', asks: { has: [`<omemo xmlns='tigase:push:encrypt:omemo:0' deviceId='1325'/>`] } },
      { do: 'happen', event: omemoMessage, expect: { ...taken(sealedAlert), opened: { omemo: fields, type: 'chat' } } },
    ],
  },
  {
    id: 'omemo-on-android',
    title: 'On Android, too',
    paragraphs: ['omemo/4.3-object'],
    scope: 'any',
    capability: 'omemo',
    phone: 'android',
    omemoDevice: 1325,
    steps: [
      ...ready,
      { do: 'happen', event: omemoMessage, expect: { ...taken(sealedAlert), opened: { omemo: fields } } },
    ],
  },
  {
    id: 'omemo-2',
    title: 'A message of OMEMO 2 comes without an IV, with the keys of this account alone',
    paragraphs: ['omemo/4.3-keys', 'omemo/4.3-iv', 'omemo/4.3-data'],
    scope: 'any',
    capability: 'omemo',
    phone: 'iphone',
    omemoDevice: 1325,
    steps: [
      ...ready,
      {
        do: 'happen',
        event: { ...omemoMessage, omemo: omemoWords.version2 },
        expect: {
          ...taken(sealedAlert),
          opened: { omemo: { keys: [omemoWords.key], sid: '27183', data: omemoWords.data } },
        },
      },
    ],
  },
  {
    id: 'omemo-for-another-device',
    title: 'A message that is not for this device brings no OMEMO data',
    paragraphs: ['omemo/4.3-keys'],
    scope: 'any',
    capability: 'omemo',
    phone: 'iphone',
    omemoDevice: 99,
    steps: [
      ...ready,
      { do: 'happen', event: omemoMessage, expect: { ...taken(sealedAlert), opened: { omemo: null, type: 'chat' } } },
    ],
  },
  {
    id: 'omemo-unasked',
    title: 'A phone that named no device gets no OMEMO data',
    paragraphs: ['omemo/4.2-device'],
    scope: 'any',
    capability: 'omemo',
    phone: 'iphone',
    steps: [
      ...ready,
      { do: 'happen', event: omemoMessage, expect: { ...taken(sealedAlert), opened: { omemo: null } } },
    ],
  },
  {
    id: 'omemo-server-without',
    title: 'A server that does not know the variant is not asked for it',
    paragraphs: ['omemo/4.1-ask', 'omemo/3'],
    scope: 'any',
    capability: 'omemo',
    phone: 'iphone',
    server: 'prosody-13',
    omemoDevice: 1325,
    steps: [
      { do: 'register' },
      { do: 'enable', asks: { lacks: ['<omemo '] } },
      { do: 'happen', event: omemoMessage, expect: { ...taken(sealedAlert), opened: { omemo: null } } },
    ],
  },
  {
    id: 'omemo-too-large',
    title: 'OMEMO data that does not fit is left out whole, never cut',
    paragraphs: ['omemo/4.3-data', 'encrypt/4.2-cut'],
    scope: 'any',
    capability: 'omemo',
    phone: 'iphone',
    omemoDevice: 1325,
    steps: [
      ...ready,
      {
        do: 'happen',
        event: { ...omemoMessage, omemo: omemoWords.axolotl.replace(omemoWords.data, omemoWords.data.repeat(100)) },
        expect: { ...taken(sealedAlert), opened: { omemo: null, message: 'I sent you an encrypted message' } },
      },
    ],
  },
  {
    id: 'omemo-device-first',
    title: 'Enabling again without omemo ends OMEMO data',
    paragraphs: ['omemo/4.2-device'],
    scope: 'any',
    capability: 'omemo',
    phone: 'iphone',
    omemoDevice: 1325,
    steps: [
      ...ready,
      { do: 'ask-server', xml: enable(priority + encrypt(` alg='aes-128-gcm'`)), expect: 'result' },
      { do: 'happen', event: omemoMessage, expect: { ...taken(sealedAlert), opened: { omemo: null } } },
    ],
  },
  {
    id: 'omemo-without-device',
    title: 'A request for OMEMO data without a device id is refused, and the device keeps what it had',
    paragraphs: ['omemo/4.2-no-device'],
    scope: 'any',
    capability: 'omemo',
    phone: 'iphone',
    omemoDevice: 1325,
    steps: [
      ...ready,
      {
        do: 'ask-server',
        xml: enable(`${priority}${encrypt(` alg='aes-128-gcm'`)}<omemo xmlns='tigase:push:encrypt:omemo:0'/>`),
        expect: 'modify/bad-request',
      },
      { do: 'happen', event: omemoMessage, expect: { ...taken(sealedAlert), opened: { omemo: fields } } },
    ],
  },
  {
    id: 'omemo-without-encrypt',
    title: 'A request for OMEMO data without a key for sealing brings none: the push comes unsealed and without it',
    paragraphs: ['omemo/4.2-no-encrypt'],
    scope: 'any',
    capability: 'omemo',
    phone: 'iphone',
    omemoDevice: 1325,
    steps: [
      ...ready,
      {
        do: 'ask-server',
        xml: enable(`<omemo xmlns='tigase:push:encrypt:omemo:0' deviceId='1325'/>`),
        expect: 'result',
      },
      {
        do: 'happen',
        event: omemoMessage,
        expect: { ...taken({ kind: 'alert' }), stanza: { lacks: ['<encrypted ', omemoWords.key, omemoWords.data] } },
      },
    ],
  },
];
