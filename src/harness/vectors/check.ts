/** Holds vectors, ours or another implementation's, against the reference. */
import { isDeepStrictEqual } from 'node:util';
import { parse } from 'ltx';
import { applyPushRequest, type EnabledDevice } from '../server/enabling.ts';
import { readOmemo } from '../sealing/omemo.ts';
import { openSealed } from '../sealing/opening.ts';
import { fitPayload } from '../sealing/payload-json.ts';
import { seal } from '../sealing/sealing.ts';
import { reference } from '../server/server-flavours.ts';
import { type VectorFile, vectorFormat, type VectorKind, type VectorOf } from './format.ts';
import { discoverAccount } from './discovery-vectors.ts';
import { describeDevice, publishOf } from './stanza-vectors.ts';

/** One vector that the reference disagrees with. */
export interface VectorMismatch {
  readonly name: string;
  readonly expected: unknown;
  readonly actual: unknown;
}

export interface VectorReport {
  readonly kind: VectorKind;
  readonly checked: number;
  readonly mismatches: readonly VectorMismatch[];
}

const actual: { readonly [Kind in VectorKind]: (vector: VectorOf<Kind>) => unknown } = {
  sealing: ({ key, iv, plaintext, tag }) => {
    const bytes = Buffer.from(iv, 'base64');
    return seal(plaintext, Buffer.from(key, 'base64'), () => bytes, { tag }).ciphertext;
  },
  opening({ key, iv, ciphertext, tag }) {
    const opening = openSealed({ ciphertext, iv }, Buffer.from(key, 'base64'), { tag });
    return opening.opened ? { text: opening.text } : { refused: opening.reason };
  },
  fitting({ payload, maxSize }) {
    const { json, fits, bodyCut, omemoDropped } = fitPayload(payload, maxSize);
    return { json, fits, bodyCut, omemoDropped };
  },
  discovery: discoverAccount,
  enabling({ xml }) {
    const devices = new Map<string, EnabledDevice>();
    const answer = applyPushRequest(devices, parse(xml), reference);
    const [device] = devices.values();
    return { answer, device: device && describeDevice(device) };
  },
  publishing: publishOf,
  omemo: ({ encrypted, account, deviceId }) => readOmemo(encrypted, account, deviceId) ?? null,
};

const expected: { readonly [Kind in VectorKind]: (vector: VectorOf<Kind>) => unknown } = {
  sealing: ({ ciphertext }) => ciphertext,
  opening: (vector) => vector.expected,
  fitting: (vector) => vector.expected,
  discovery: (vector) => vector.expected,
  enabling: (vector) => ({ answer: vector.expected, device: vector.device }),
  publishing: (vector) => vector.expected,
  omemo: (vector) => vector.expected,
};

/**
 * Checks the text of a vector file.
 * @throws Error that says what is wrong when it is no such file.
 */
export function checkVectors(text: string): VectorReport {
  const file = readVectorFile(text);
  return { kind: file.kind, checked: file.vectors.length, mismatches: compareAll(file.kind, file.vectors) };
}

function compareAll(kind: VectorKind, vectors: readonly unknown[]): VectorMismatch[] {
  const read = expected[kind] as (vector: unknown) => unknown;
  const compute = actual[kind] as (vector: unknown) => unknown;
  return vectors.flatMap((vector, index) => {
    const { name = `number ${index + 1}` } = (vector ?? {}) as { name?: string };
    try {
      const [wanted, found] = [read(vector), compute(vector)];
      return isDeepStrictEqual(wanted, found) ? [] : [{ name, expected: wanted, actual: found }];
    } catch (error) {
      return [{ name, expected: 'a vector', actual: `not computable: ${error instanceof Error ? error.message : ''}` }];
    }
  });
}

function readVectorFile(text: string): VectorFile {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new Error('no JSON');
  }
  const { format, kind, vectors } = (json ?? {}) as Partial<VectorFile>;
  if (format !== vectorFormat) throw new Error(`the field format must be "${vectorFormat}"`);
  if (typeof kind !== 'string' || !Object.hasOwn(actual, kind)) {
    throw new Error(`the field kind must be one of ${Object.keys(actual).join(', ')}`);
  }
  if (!Array.isArray(vectors)) throw new Error('the field vectors must be an array');
  return json as VectorFile;
}
