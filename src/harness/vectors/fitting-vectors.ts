/** Vectors of `max-size` (Encrypted Push Notifications 4.2): every boundary at which a body can be cut. */
import { fitPayload, type SealedPayload } from '../sealing/payload-json.ts';
import { sealedSize } from '../sealing/sealing.ts';
import { base64, bytesOf } from './bytes.ts';
import type { FittingVector } from './format.ts';

const chat = { unread: 1, sender: 'juliet@capulet.example', type: 'chat' } as const;

/** Bodies of which each character takes another number of bytes in JSON. */
const bodies: readonly [name: string, body: string][] = [
  ['one byte a character', 'Wherefore?'],
  ['two bytes a character', 'äöüßéñçø'],
  ['three bytes a character', '何ぞ今更の事'],
  ['surrogate pairs', '🌹🥀💀🗡️'],
  ['a grapheme of seven code points', 'a👩‍👩‍👧‍👦b'],
  ['combining marks', 'e\u0301o\u0308n\u0303'],
  ['escapes of two bytes', '"\\\n\r\t\b\f"'],
  ['escapes of six bytes', '\u0000\u0001\u001f\u0002'],
  ['half of a surrogate pair', 'a\ud83cb'],
  ['all at once', 'a"ä何🌹\u0001\n👨‍👩‍👧'],
];

export function fittingVectors(): FittingVector[] {
  const payloads: readonly [name: string, payload: SealedPayload][] = [
    ...bodies.map(([name, message]): [string, SealedPayload] => [name, { ...chat, message }]),
    ['no body', { unread: 1, sender: 'paris@verona.example', type: 'subscribe' }],
    ['a body without a character', { ...chat, message: '' }],
    [
      'a nickname, which is never cut',
      {
        unread: 2,
        sender: 'coven@chat.shakespeare.example',
        type: 'groupchat',
        message: 'When shall we three',
        nickname: 'First Witch 🧙',
      },
    ],
    [
      'a call, of which nothing can be cut',
      {
        unread: 0,
        sender: 'juliet@capulet.example/balcony',
        type: 'call',
        sid: 'a73sjjvkla37jfea',
        media: ['audio', 'video'],
      },
    ],
    [
      'OMEMO data, which goes whole or not at all',
      { ...chat, message: 'I sent you an encrypted message', omemo: omemo('data') },
    ],
    ['OMEMO keys without a payload', { ...chat, omemo: { keys: omemo('keys').keys, sid: '27183' } }],
  ];
  return payloads.flatMap(([name, payload]) => everyBoundary(name, payload));
}

function omemo(label: string) {
  return {
    keys: [base64(bytesOf(`${label} key`, 90))],
    sid: '27183',
    iv: base64(bytesOf(`${label} iv`, 12)),
    data: base64(bytesOf(`${label} data`, 40)),
  };
}

/** One vector for each size at which something else comes out, with the sizes just below and above the whole. */
function everyBoundary(name: string, payload: SealedPayload): FittingVector[] {
  const whole = sealedSize(Buffer.byteLength(JSON.stringify(payload)));
  const { message: _body, omemo: _omemo, ...rest } = payload;
  const smallest = sealedSize(Buffer.byteLength(JSON.stringify(rest)));
  const sizes = [whole + 1, whole];
  for (let size = whole - 1; size >= smallest - 4; size -= 1) sizes.push(size);
  const vectors: FittingVector[] = [];
  for (const size of sizes) {
    const vector = fittingVector(name, payload, size);
    const latest = vectors.at(-1);
    if (size >= whole - 1 || JSON.stringify(vector.expected) !== JSON.stringify(latest?.expected)) vectors.push(vector);
  }
  return vectors;
}

function fittingVector(name: string, payload: SealedPayload, maxSize: number): FittingVector {
  const { json, fits, bodyCut, omemoDropped } = fitPayload(payload, maxSize);
  return { name: `${name}, max-size ${maxSize}`, payload, maxSize, expected: { json, fits, bodyCut, omemoDropped } };
}
