import assert from 'node:assert/strict';
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkVectors } from '../../src/harness/vectors/check.ts';
import type { VectorKind, VectorOf } from '../../src/harness/vectors/format.ts';
import { createVectorFiles, formatVectorFile } from '../../src/harness/vectors/write.ts';
import { missingPackage } from '../support/debian.ts';
import { opensslFile, openWithOpenssl } from './openssl.ts';

const folder = join(import.meta.dirname, '..', '..', 'vectors');
const textOf = (name: string) => readFileSync(join(folder, name), 'utf8');
const read = <Kind extends VectorKind>(kind: Kind) =>
  (JSON.parse(textOf(`${kind}.json`)) as { vectors: VectorOf<Kind>[] }).vectors;

test('vectors - the files are what the reference writes: npm run vectors', () => {
  const written = createVectorFiles();
  assert.deepEqual(
    readdirSync(folder)
      .filter((name) => name.endsWith('.json'))
      .toSorted(),
    [...written.keys()].toSorted(),
  );
  for (const [name, file] of written) assert.equal(textOf(name), formatVectorFile(file), name);
});

test('vectors - every one passes its own check', () => {
  for (const name of createVectorFiles().keys()) {
    const report = checkVectors(textOf(name));
    assert.deepEqual(report.mismatches, [], name);
    assert.ok(report.checked >= 10, name);
  }
});

test('vectors - each changed expectation is noticed', () => {
  for (const [name, file] of createVectorFiles()) {
    for (const [index] of file.vectors.entries()) {
      const changed = structuredClone(file) as unknown as { vectors: Record<string, unknown>[] };
      const vector = changed.vectors[index] ?? {};
      if (file.kind === 'sealing') vector['ciphertext'] = `AAAA${String(vector['ciphertext']).slice(4)}`;
      else vector['expected'] = { changed: true };
      const { mismatches } = checkVectors(JSON.stringify(changed));
      assert.deepEqual(
        mismatches.map((each) => each.name),
        [vector['name']],
        `${name} ${index}`,
      );
    }
  }
});

const notFiles: readonly [what: string, text: string, complaint: RegExp][] = [
  ['no JSON', '{', /^Error: no JSON$/],
  ['null', 'null', /field format/],
  ['another format', '{"format":"x"}', /"sealpost-vectors-1"/],
  ['an unknown kind', '{"format":"sealpost-vectors-1","kind":"toString","vectors":[]}', /one of sealing, opening/],
  ['no vectors', '{"format":"sealpost-vectors-1","kind":"omemo","vectors":{}}', /must be an array/],
];
for (const [what, text, complaint] of notFiles) {
  test(`vectors - ${what} is refused with what is wrong`, () => assert.throws(() => checkVectors(text), complaint));
}

test('vectors - what is no vector is a mismatch with its place', () => {
  const text = '{"format":"sealpost-vectors-1","kind":"fitting","vectors":[null,{"name":"x"}]}';
  assert.deepEqual(
    checkVectors(text).mismatches.map(({ name }) => name),
    ['number 1', 'x'],
  );
});

/** What one implementation makes of a ciphertext without its tag. */
type Open = (key: Buffer, iv: Buffer, ciphertext: Buffer) => { plaintext: Buffer; tag: Buffer };

/** Holds every vector that has a ciphertext against an implementation that shares nothing with the reference. */
function checkWith(open: Open): void {
  const openBase64 = (key: string, iv: string, ciphertext: string) => {
    const bytes = Buffer.from(ciphertext, 'base64');
    const { plaintext, tag } = open(Buffer.from(key, 'base64'), Buffer.from(iv, 'base64'), bytes.subarray(0, -16));
    return { plaintext, isValid: tag.equals(bytes.subarray(-16)), tag: bytes.subarray(-16) };
  };
  for (const { name, key, iv, ciphertext, plaintext, tag } of read('sealing')) {
    const opened = openBase64(key, iv, ciphertext);
    assert.equal(opened.plaintext.toString('utf8'), plaintext, name);
    assert.equal(opened.isValid, tag === 'valid', name);
    if (tag === 'zero') assert.deepEqual(opened.tag, Buffer.alloc(16), name);
  }
  for (const { name, key, iv, ciphertext, tag, expected } of read('opening')) {
    if ('refused' in expected && !['bad-tag', 'bad-utf8'].includes(expected.refused)) continue;
    const opened = openBase64(key, iv, ciphertext);
    if ('text' in expected) assert.equal(opened.plaintext.toString('utf8'), expected.text, name);
    else if (expected.refused === 'bad-tag') assert.equal(opened.isValid, false, name);
    else assert.ok(opened.isValid && opened.plaintext.toString('utf8').includes('\ufffd'), name);
    if ('text' in expected && tag === 'verify') assert.equal(opened.isValid, true, name);
  }
  for (const { name, enable, iv, expected } of read('publishing')) {
    const key = /alg='aes-128-gcm'[^>]*>([^<]+)</.exec(enable)?.[1] ?? '';
    const ciphertext = /<encrypted [^>]*>([^<]+)</.exec(expected.xml)?.[1];
    assert.equal(ciphertext === undefined, expected.json === undefined, name);
    if (ciphertext === undefined) continue;
    assert.equal(/ iv='([^']+)'/.exec(expected.xml)?.[1], iv, name);
    const opened = openBase64(key, iv, ciphertext);
    assert.equal(opened.plaintext.toString('utf8'), expected.json, name);
    assert.equal(opened.isValid, true, name);
  }
}

test('vectors - all ciphertexts check out under Node’s crypto', () => {
  checkWith((key, iv, ciphertext) => {
    const decipher = createDecipheriv('aes-128-gcm', key, iv);
    const plaintext = decipher.update(ciphertext);
    // Its tag comes from sealing the plaintext again.
    return { plaintext, tag: tagOf(key, iv, plaintext) };
  });
});

test(
  'vectors - all ciphertexts check out under the command line of OpenSSL',
  { skip: missingPackage('openssl', opensslFile) },
  () => checkWith(openWithOpenssl),
);

test('vectors - bodies are cut as max-size says, by what JSON and base64 alone tell', () => {
  const vectors = read('fitting');
  for (const { name, payload, maxSize, expected } of vectors) {
    const bytes = (json: string) =>
      Buffer.from(Buffer.concat([Buffer.from(json), Buffer.alloc(16)]).toString('base64')).length;
    assert.equal(bytes(expected.json) <= maxSize, expected.fits, name);
    const { message, omemo, ...rest } = JSON.parse(expected.json) as VectorOf<'fitting'>['payload'];
    const { message: whole = '', omemo: wholeOmemo, ...wholeRest } = payload;
    assert.deepEqual(rest, wholeRest, name);
    assert.deepEqual(omemo, expected.omemoDropped ? undefined : wholeOmemo, name);
    assert.ok(whole.startsWith(message ?? ''), name);
    assert.equal(expected.bodyCut, message !== payload.message, name);
    if (!expected.bodyCut || !expected.fits || whole === '') continue;
    // The next code point would not have fitted.
    const next = String.fromCodePoint(whole.codePointAt((message ?? '').length) ?? 0);
    const longer = JSON.stringify({ ...wholeRest, message: (message ?? '') + next, ...(omemo && { omemo }) });
    assert.ok(bytes(longer) > maxSize, name);
  }
  assert.ok(vectors.some(({ expected }) => expected.omemoDropped) && vectors.some(({ expected }) => !expected.fits));
});

function tagOf(key: Buffer, iv: Buffer, plaintext: Buffer): Buffer {
  const cipher = createCipheriv('aes-128-gcm', key, iv);
  cipher.update(plaintext);
  cipher.final();
  return cipher.getAuthTag();
}
