import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  deriveNodeKeys,
  type DeviceContent,
  looksSealed,
  openNode,
  sealNode,
  secretOf,
  type TokensContent,
} from '../../src/nodes/sealed-node.ts';
import { rejectRandomNodes } from './random-nodes.ts';

const keys = deriveNodeKeys(Uint8Array.from({ length: 32 }, (_, i) => i));
const foreign = deriveNodeKeys(new Uint8Array(32).fill(7));
const maxLength = 250;

/** Of the shapes that providers issue. */
const apnsToken = '9f3c'.repeat(16);
const voipToken = '77ab'.repeat(16);
const fcmToken = `cRtzB8uQTy2_1x-AbCdEfG:APA91b${'H9-x_7Kq2Lm0ZpRtYw'.repeat(8).slice(0, 134)}`;

const onPhone: TokensContent = {
  holds: 'tokens',
  app: 'siskin',
  convention: 1,
  withSecret: false,
  account: 'romeo@example.net',
  device: apnsToken,
  token: apnsToken,
  secondToken: voipToken,
};
const onAndroid: TokensContent = {
  holds: 'tokens',
  app: 'android',
  convention: 1,
  withSecret: false,
  account: 'romeo@example.net',
  device: fcmToken,
  token: fcmToken,
};
const atEachLogin: DeviceContent = {
  holds: 'device',
  app: 'android',
  convention: 2,
  withSecret: true,
  account: 'romeo@example.net',
  device: '92afd7a91cdba9a0',
};

/** An account of so many characters. */
const accountOf = (length: number) => `${'r'.repeat(length - '@example.net'.length)}@example.net`;
const nodeOf = (content: TokensContent | DeviceContent) => sealNode(content, keys, maxLength).node;
const lengthOf = (content: TokensContent | DeviceContent) => sealNode(content, keys, 1_024).node.length;

const character = fc.constantFrom(...Array.from('abcdefghijklmnopqrstuvwxyzABCXYZ0189-_.@: "é€𝄞\u0000'));
const anyText = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: character, maxLength: 80 }),
  fc.string({ unit: fc.constantFrom(...Array.from('0123456789abcdef')), maxLength: 80 }),
  fc.string({ unit: fc.constantFrom(...Array.from('abzAZ09-_:')), maxLength: 300 }),
);
const subject = { app: anyText, convention: fc.nat(15), withSecret: fc.boolean(), account: anyText, device: anyText };
const anyContent = fc.oneof(
  fc.record({ holds: fc.constant('device' as const), ...subject }),
  fc.record(
    { holds: fc.constant('tokens' as const), ...subject, token: anyText, secondToken: anyText },
    { requiredKeys: ['holds', ...(Object.keys(subject) as (keyof typeof subject)[]), 'token'] },
  ),
);

test('sealed node - whatever fits comes out as it went in, and the same node is made again', () => {
  fc.assert(
    fc.property(anyContent, (given) => {
      const content = { ...given } as TokensContent | DeviceContent;
      const { node, holds } = sealNode(content, keys, 1_024);
      assert.ok(node.length <= 1_024);
      assert.match(node, /^A[Q-Za-f][A-Za-z0-9_-]+$/);
      assert.equal(sealNode(content, keys, 1_024).node, node);
      // An app without a name and such texts make nodes that are shorter than any real one.
      if (!looksSealed(node)) return;
      const opened = openNode(node, [keys])?.content;
      assert.equal(opened?.holds, holds);
      if (holds !== 'digest') assert.deepEqual(opened, content);
    }),
    { numRuns: 2_000 },
  );
});

test('sealed node - tokens of every shape that providers issue fit beside accounts of up to these lengths', () => {
  const longest = (content: TokensContent | DeviceContent) => {
    let length = 13;
    while (sealNode({ ...content, account: accountOf(length + 1) }, keys, maxLength).holds === content.holds) length++;
    return length;
  };
  const { secondToken: _, ...withoutSecond } = onPhone;
  const figures = {
    'APNs with both tokens': longest(onPhone),
    'APNs with one token': longest(withoutSecond),
    // Apple reserves the right to longer ones; such were seen on simulators.
    'APNs with one token of 80 bytes': longest({ ...withoutSecond, token: 'ab'.repeat(80), device: 'ab'.repeat(80) }),
    'FCM of 163 characters': longest(onAndroid),
    'FCM of 142 characters': longest({ ...onAndroid, token: fcmToken.slice(0, 142), device: fcmToken.slice(0, 142) }),
    'device id of 16 hex digits': longest(atEachLogin),
    'UUID in capitals': longest({ ...atEachLogin, device: '6F9619FF-8B86-D011-B42D-00C04FC964FF' }),
  };
  assert.deepEqual(figures, readFigures());
});

test('sealed node - the lengths of nodes with an account of 17 characters', () => {
  const { secondToken: _, ...withoutSecond } = onPhone;
  assert.deepEqual([onPhone, withoutSecond, onAndroid, atEachLogin].map(lengthOf), [144, 99, 222, 68]);
});

test('sealed node - what does not fit says its app, its convention and a digest of the rest', () => {
  const long = { ...onAndroid, account: accountOf(120) };
  const { node, holds } = sealNode(long, keys, maxLength);
  assert.equal(holds, 'digest');
  const content = openNode(node, [keys])?.content;
  assert.deepEqual(
    { ...content, digest: 'elsewhere' },
    { holds: 'digest', app: 'android', convention: 1, withSecret: false, digest: 'elsewhere' },
  );
  assert.equal(sealNode(long, keys, maxLength).node, node);
  assert.notEqual(sealNode({ ...long, account: accountOf(121) }, keys, maxLength).node, node);
});

test('sealed node - the longest app fits with a digest into the shortest maxLength that the config allows', () => {
  const app = 'A'.repeat(40);
  assert.ok(sealNode({ ...onAndroid, app, account: accountOf(2_000) }, keys, 128).node.length <= 128);
});

test('sealed node - with any byte or character changed, or cut anywhere, it does not open', () => {
  for (const node of [onPhone, onAndroid, atEachLogin].map(nodeOf)) {
    const bytes = Buffer.from(node, 'base64url');
    for (let i = 0; i < bytes.length; i++) {
      for (const mask of [0x01, 0x80, 0xff]) {
        const changed = Buffer.from(bytes);
        changed[i] = (changed[i] ?? 0) ^ mask;
        assert.equal(openNode(changed.toString('base64url'), [keys]), undefined);
      }
      assert.equal(openNode(bytes.subarray(0, i).toString('base64url'), [keys]), undefined);
    }
    for (let i = 0; i < node.length; i++) {
      for (const other of ['A', 'z', '-', '+', '=', ' ', 'é', '']) {
        const changed = node.slice(0, i) + other + node.slice(i + 1);
        if (changed !== node) assert.equal(openNode(changed, [keys]), undefined);
      }
    }
    for (const longer of [`${node}A`, `${node}=`, ` ${node}`, node + node, `${node}\n`]) {
      assert.equal(openNode(longer, [keys]), undefined);
    }
  }
});

test('sealed node - one text alone is the node: bits that are left over in its last character are not ignored', () => {
  const node = [13, 14, 15].map((n) => nodeOf({ ...atEachLogin, account: accountOf(n) })).find((n) => n.length % 4 > 0);
  assert.ok(node);
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const last = alphabet.indexOf(node.at(-1) ?? '');
  const twin = node.slice(0, -1) + (alphabet[last ^ 1] ?? '');
  assert.deepEqual(Buffer.from(twin, 'base64url'), Buffer.from(node, 'base64url'));
  assert.equal(openNode(twin, [keys]), undefined);
});

test('sealed node - a foreign key opens nothing; an old key in the ring opens what it sealed, and its secret is known', () => {
  const node = nodeOf(atEachLogin);
  assert.equal(openNode(node, [foreign]), undefined);
  assert.equal(openNode(node, []), undefined);
  const opened = openNode(node, [foreign, keys]);
  assert.deepEqual(opened?.content, atEachLogin);
  assert.equal(secretOf(node, opened.keys), secretOf(node, keys));
  assert.notEqual(secretOf(node, foreign), secretOf(node, keys));
});

test('sealed node - secrets are of 32 characters, and one node tells nothing of another’s', () => {
  const secrets = [onPhone, onAndroid, atEachLogin].map((content) => secretOf(nodeOf(content), keys));
  for (const secret of secrets) assert.match(secret, /^[A-Za-z0-9_-]{32}$/);
  assert.equal(new Set(secrets).size, secrets.length);
});

test('sealed node - whatever else servers name is not taken for one, and costs nothing to tell', () => {
  for (const node of ['', 'A', 'AQ', 'n'.repeat(32), 'A'.repeat(300), `AQ${'A'.repeat(4_000)}`, apnsToken, fcmToken]) {
    assert.equal(openNode(node, [keys]), undefined);
    assert.equal(looksSealed(node), false);
  }
  assert.equal(looksSealed(nodeOf(atEachLogin)), true);
  assert.equal(looksSealed(`AQ${'B'.repeat(58)}`), true);
});

test('sealed node - 10,000 random nodes of this form do not open', () => {
  assert.deepEqual(rejectRandomNodes(10_000, keys), []);
});

test('sealed node - without the key neither app, account nor device shows: nodes of alike devices have half of their bits alike', () => {
  const nodes = Array.from({ length: 512 }, (_, i) =>
    Buffer.from(nodeOf({ ...atEachLogin, account: `user${String(i).padStart(6, '0')}@example.net` }), 'base64url'),
  );
  const [length = 0] = new Set(nodes.map((node) => node.length));
  assert.ok(nodes.every((node) => node.length === length));
  // Each bit behind the version is set in about half: 256 ± 11.3; six standard deviations are never reached by chance.
  for (let bit = 8; bit < length * 8; bit++) {
    const set = nodes.filter((node) => ((node[bit >> 3] ?? 0) >> (bit & 7)) & 1).length;
    assert.ok(Math.abs(set - 256) < 68, `bit ${bit} is set in ${set} of 512`);
  }
  assert.equal(new Set(nodes.map((node) => node.subarray(1, 17).toString('hex'))).size, nodes.length);
  const text = nodes.map((node) => node.toString('latin1')).join('');
  for (const word of ['user', 'example', 'android', '92af']) assert.ok(!text.includes(word));
});

test('sealed node - what two nodes stand for shows in neither: all of the text depends on all of the content', () => {
  const [one, other] = [atEachLogin, { ...atEachLogin, device: '92afd7a91cdba9a1' }].map((content) =>
    Buffer.from(nodeOf(content), 'base64url'),
  );
  assert.ok(one && other);
  const same = one.subarray(1).filter((byte, i) => byte === other[i + 1]).length;
  assert.ok(same < 8, `${same} of ${one.length - 1} bytes are the same`);
});

test('sealed node - the vectors of docs/nodes.md hold', () => {
  const { key, vectors } = readVectors();
  const documented = deriveNodeKeys(Buffer.from(key, 'base64'));
  assert.ok(vectors.length >= 5);
  for (const { content, maxLength: limit, node, secret, digest } of vectors) {
    assert.equal(sealNode(content, documented, limit).node, node);
    assert.equal(secretOf(node, documented), secret);
    const expected =
      digest === undefined
        ? content
        : { app: content.app, convention: content.convention, withSecret: content.withSecret, holds: 'digest', digest };
    assert.deepEqual(openNode(node, [documented])?.content, expected);
  }
});

interface Vectors {
  readonly key: string;
  readonly vectors: readonly {
    readonly content: TokensContent | DeviceContent;
    readonly maxLength: number;
    readonly node: string;
    readonly secret: string;
    /** Of what did not fit. */
    readonly digest?: string;
  }[];
}

function page(): string {
  return readFileSync(join(import.meta.dirname, '../../docs/nodes.md'), 'utf8');
}

function readVectors(): Vectors {
  const [, json = ''] = /```json\n([^]*?)\n```/.exec(page()) ?? [];
  return JSON.parse(json) as Vectors;
}

/** The table of how long an account may be. */
function readFigures(): Record<string, number> {
  const [, section = ''] = page().split('\n## What fits\n');
  const rows = [...section.matchAll(/^\| ([^|]+?) +\| +(\d+) +\|$/gm)];
  return Object.fromEntries(rows.map(([, device = '', length]) => [device, Number(length)]));
}
