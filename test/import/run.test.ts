import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { nameDeviceByToken } from '../../src/conventions/v1.ts';
import { type ImportOptions, MAX_REPORTED, type Origin, runImport } from '../../src/import/run.ts';
import { ImportError } from '../../src/import/source.ts';
import type { ApnsApp } from '../../src/providers/apns/settings.ts';
import type { FcmApp } from '../../src/providers/fcm/settings.ts';
import { openRegistryHere, postgresSettings, registrationLimits } from '../support/store.ts';
import { nodeNames } from '../support/nodes.ts';
import { manualClock } from '../support/clock.ts';
import { apnsAppOf, fcmAppOf } from '../support/registrations.ts';
import { quietTelemetry } from '../support/telemetry.ts';

const apps: readonly (ApnsApp | FcmApp)[] = [
  apnsAppOf({ conventions: ['tigase', 'v1'] }),
  fcmAppOf({ conventions: ['p2', 'http'] }),
];

/** A folder with a store, and `take`, which imports a text or a path in the folder. */
function start(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'sealpost-import-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const clock = manualClock();
  const store = { kind: 'sqlite', path: join(folder, 'sealpost.db') } as const;
  const file = (text: string, name = 'source') => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const take = async (from: Origin, path: string, over: Partial<ImportOptions> & { isTTY?: boolean } = {}) => {
    const out: string[] = [];
    const err: string[] = [];
    const report = await runImport({
      from,
      path,
      dryRun: false,
      config: {
        store,
        postgres: postgresSettings,
        registrations: registrationLimits,
        apps,
        nodes: { previousKeys: [], maxLength: 250 },
      },
      clock: { ...clock, monotonic: () => out.length + err.length * 1_000 },
      output: { write: (text) => out.push(text) },
      errorOutput: { write: (text) => err.push(text), isTTY: over.isTTY ?? false },
      ...over,
    });
    return { ...report, out: out.join(''), err: err.join('') };
  };
  const look = async <T>(see: (registry: Awaited<ReturnType<typeof openRegistryHere>>) => Promise<T>): Promise<T> => {
    const registry = await openRegistryHere({ store, clock, nodes: nodeNames(), ...quietTelemetry() });
    try {
      return await see(registry);
    } finally {
      await registry.close();
    }
  };
  return { folder, store, file, take, look };
}

const hash = createHash('sha1').update('romeo@example.net\u000092afd7a91cdba9a0').digest('hex');
const row = (over: Record<string, string> = {}) => {
  const fields = {
    service: 'FCM',
    device: hash,
    channel: '',
    domain: 'example.net',
    token: 'fcmInst:APA91b',
    node: 'eKxTS5n3bOe0',
    secret: 'KK4+H5WMfpRG/2zCbuKq6wpX',
    ...over,
  };
  return `(${Object.values(fields)
    .map((value) => `'${value}'`)
    .join(',')})`;
};
const dump = (...rows: string[]) => `INSERT INTO \`target\` VALUES ${rows.join(',\n')};\n`;

test('import - a row of p2 keeps node and secret, its domain may publish, and its hash names the account', async (t) => {
  const { file, take, look } = start(t);
  const report = await take('p2', file(dump(row())));
  assert.deepEqual([report.taken, report.present, report.refused.size], [1, 0, 0]);
  assert.equal(report.out, 'imported: 1\nalready present: 0\n');
  assert.equal(report.err, '');
  assert.deepEqual(await look((registry) => registry.find('eKxTS5n3bOe0')), {
    node: 'eKxTS5n3bOe0',
    app: 'android',
    convention: 'p2',
    account: 'example.net',
    accountHash: hash,
    device: hash,
    token: 'fcmInst:APA91b',
    tokenKey: 'HZI1WJy3kEaXF1ZO',
    secret: 'KK4+H5WMfpRG/2zCbuKq6wpX',
    registeredAtMs: 0,
  });
});

test('import - a second run imports nothing, even after the client registered or unregistered', async (t) => {
  const { file, take, look } = start(t);
  const other = createHash('sha1').update('another').digest('hex');
  const path = file(dump(row(), row({ device: other, node: 'another' })));
  await take('p2', path);
  const again = await take('p2', path);
  assert.deepEqual([again.taken, again.present, again.refused.size], [0, 2, 0]);
  await look(async (registry) => {
    const common = { app: 'android', convention: 'p2', token: 'new', withSecret: true } as const;
    const device = '92afd7a91cdba9a0';
    const importedAs = createHash('sha1').update(`romeo@example.net\0${device}`).digest('hex');
    const { node } = await registry.register({ ...common, account: 'romeo@example.net', device, importedAs });
    assert.equal(node, 'eKxTS5n3bOe0');
    await registry.remove('another', 0, 'gone');
  });
  const later = await take('p2', path);
  assert.deepEqual([later.taken, later.present], [0, 1]);
  assert.deepEqual([...later.refused], [['was imported before and has been removed since', 1]]);
  assert.equal(await look((registry) => registry.find('another')), undefined);
});

const wrongRows: readonly [Record<string, string>, string][] = [
  [{ service: 'WNS' }, 'no app of wns has the convention'],
  [{ service: 'APNS' }, 'no app of apns has the convention'],
  [{ device: 'x' }, 'device is not a SHA-1 hash'],
  [{ channel: hash }, 'the row is for a room, and p2 does not store which one'],
  [{ domain: 'romeo@example.net' }, 'domain is not valid'],
  [{ domain: '' }, 'domain is not valid'],
  [{ token: '' }, 'token is not valid for fcm'],
  [{ token: 'a\\nb' }, 'token is not valid for fcm'],
  [{ token: 'x'.repeat(5_000) }, 'token is not valid for fcm'],
  [{ node: 'a\\0b' }, 'node is missing, too long or has other characters than ASCII'],
  [{ node: 'x'.repeat(256) }, 'node is missing, too long or has other characters than ASCII'],
  [{ secret: '' }, 'secret is missing, too long or has other characters than ASCII'],
  [{ secret: 'x'.repeat(9_000) }, 'a field is too long'],
];

test('import - a row that cannot be imported is reported by line and reason without quoting it; the rest is imported', async (t) => {
  const { file, take, look } = start(t);
  const path = file(dump(...wrongRows.map(([over]) => row(over)), row()));
  const { taken, out } = await take('p2', path);
  assert.equal(taken, 1);
  const lines = out.split('\n').slice(0, wrongRows.length);
  assert.deepEqual(
    lines,
    wrongRows.map(([, reason], i) => `line ${i + 1}: ${reason}`),
  );
  assert.doesNotMatch(out, /fcmInst|KK4|eKxT|romeo|ec16|xxxx/);
  assert.deepEqual(await look((registry) => registry.count()), new Map([['android', 1]]));
});

test('import - of two conflicting rows the first is imported', async (t) => {
  const { file, take } = start(t);
  const { taken, refused } = await take('p2', file(dump(row(), row({ secret: 'another' }), row({ node: 'another' }))));
  assert.equal(taken, 1);
  assert.deepEqual(Object.fromEntries(refused), {
    'node belongs to a registration with another secret': 1,
    'device has a registration of its own here': 1,
  });
});

test('import - a dry run reports the same and changes nothing', async (t) => {
  const { file, take, look, store } = start(t);
  const path = file(dump(row(), row({ device: 'x' })));
  const before = await take('p2', path, { dryRun: true });
  assert.deepEqual([before.taken, before.refused.size], [1, 1]);
  assert.match(
    before.out,
    /^line 2: device is not a SHA-1 hash\nwould be imported: 1\nalready present: 0\nnot imported: 1: /,
  );
  assert.equal(existsSync(store.path), false);
  await take('p2', path);
  const after = await take('p2', path, { dryRun: true });
  assert.deepEqual([after.taken, after.present], [0, 1]);
  assert.deepEqual(await look((registry) => registry.count()), new Map([['android', 1]]));
});

test('import - many rows go in batches, with a bar on a terminal', async (t) => {
  const { file, take, look } = start(t);
  const rows = Array.from({ length: 2_345 }, (_, i) =>
    row({ device: createHash('sha1').update(String(i)).digest('hex'), node: `node-${i}` }),
  );
  const { taken, err } = await take('p2', file(dump(...rows)), { isTTY: true });
  assert.equal(taken, 2_345);
  assert.match(err, /█+░* \d+ % {2}[\d,]+ rows/);
  assert.ok(err.endsWith('\r\x1b[K'));
  assert.deepEqual(await look((registry) => registry.count()), new Map([['android', 2_345]]));
});

test('import - beyond a limit rows are only counted, not reported one by one', async (t) => {
  const { file, take } = start(t);
  const { out, refused } = await take('p2', file(dump(...Array.from({ length: 1_500 }, () => row({ device: 'x' })))));
  assert.deepEqual([...refused.values()], [1_500]);
  assert.equal(out.match(/^line /gm)?.length, MAX_REPORTED);
  assert.match(out, /not imported: 1500: device is not a SHA-1 hash\n$/);
});

const apnsToken = 'ab'.repeat(32);
const lua = (over: Record<string, string | number> = {}) => {
  const fields = { type: 'apns', token: apnsToken, node: 'device-1', secret: 'c0ffee', renewed: 1526463999, ...over };
  const lines = Object.entries(fields).map(([key, value]) => `\t["${key}"] = ${JSON.stringify(value)};\n`);
  return `return {\n${lines.join('')}};\n`;
};

test('import - the datastore of Prosody, file by file', async (t) => {
  const { folder, take, look } = start(t);
  const data = join(folder, 'push_appserver');
  mkdirSync(data);
  writeFileSync(join(data, 'device%2d1.dat'), lua());
  writeFileSync(join(data, 'device%2d2.dat'), lua({ node: 'device-2', token: 'zz' }));
  writeFileSync(join(data, 'device%2d3.dat'), 'return os.execute("true")');
  writeFileSync(join(data, 'device%2d4.dat'), `return { ["a"] = "${'x'.repeat(70_000)}" }`);
  writeFileSync(join(data, 'notes.txt'), 'not a registration');
  const { taken, out, refused } = await take('mod_push_appserver', data);
  assert.equal(taken, 1);
  assert.deepEqual(
    new Set(refused.keys()),
    new Set([
      'token is not valid for apns',
      'the file is not a table stored by Prosody',
      'the file is larger than any registration',
    ]),
  );
  assert.match(out, /^inode \d+: /m);
  assert.doesNotMatch(out, /device-|device%|c0ffee|abab/);
  assert.deepEqual(await look((registry) => registry.find('device-1')), {
    node: 'device-1',
    app: 'siskin',
    convention: 'v1',
    account: '',
    device: nameDeviceByToken('device-1', apnsToken),
    token: apnsToken,
    tokenKey: 'JxpBO9M5xXCf3Ors',
    secret: 'c0ffee',
    registeredAtMs: 1526463999000,
  });
  const again = await take('mod_push_appserver', join(data, 'device%2d1.dat'));
  assert.deepEqual([again.taken, again.present], [0, 1]);
});

test('import - CSV with a header in any order', async (t) => {
  const { file, take, look } = start(t);
  const text =
    '\ufeffNode,Token,Account,"second_token",secret\r\n' +
    `"a,""b""",${apnsToken.toUpperCase()},romeo@example.net,${'CD'.repeat(32)},\r\n` +
    `c,${'ef'.repeat(32)},example.org,,hush\r\n` +
    '\r\n' +
    'd,zz,juliet@example.net,,\r\n' +
    `e,${apnsToken},romeo@example.net/phone,,\r\n` +
    `f,${apnsToken},,,\r\n` +
    'g,too,few\r\n' +
    `h,${apnsToken},kent@example.net,,\r\n`;
  const { taken, out } = await take('csv', file(text), { app: 'siskin' });
  assert.equal(taken, 3);
  assert.deepEqual(out.split('\n').slice(0, 4).toSorted(), [
    'line 5: token is not valid for apns',
    'line 6: account is neither a bare JID nor a domain',
    'line 7: account is neither a bare JID nor a domain',
    'line 8: the row does not match the header',
  ]);
  assert.deepEqual(await look((registry) => registry.find('a,"b"')), {
    node: 'a,"b"',
    app: 'siskin',
    convention: 'tigase',
    account: 'romeo@example.net',
    device: apnsToken,
    token: apnsToken,
    tokenKey: 'JxpBO9M5xXCf3Ors',
    secondToken: 'cd'.repeat(32),
    registeredAtMs: 0,
  });
});

test('import - CSV rows without an account need a secret', async (t) => {
  const { file, take, look } = start(t);
  const text = `node,token,secret,convention\na,${apnsToken},hush,v1\nb,${apnsToken},,v1\nc,${apnsToken},hush,p2\n`;
  const { taken, refused } = await take('csv', file(text), { app: 'siskin' });
  assert.equal(taken, 1);
  assert.deepEqual(
    [...refused.keys()],
    ['has neither account nor secret', 'convention is not one of the app’s, or not one in which devices register'],
  );
  assert.equal(await look(async (registry) => (await registry.find('a'))?.account), '');
});

test('import - a CSV row that does not end is an error, so that no row is lost silently', async (t) => {
  const { file, take, look } = start(t);
  const good = Array.from({ length: 1_000 }, (_, i) => `node-${i},${apnsToken},romeo-${i}@example.net\n`);
  const text = `node,token,account\n${good.join('')}a,"${'x'.repeat(100_000)}\nb,${apnsToken},romeo@example.net\n`;
  await assert.rejects(take('csv', file(text), { app: 'siskin' }), (error) => {
    assert.ok(error instanceof ImportError);
    assert.match(error.message, /^line 1002: a row does not end/);
    return true;
  });
  assert.ok(((await look((registry) => registry.count())).get('siskin') ?? 0) > 0);
});

const wrongCalls: readonly [string, Origin, string, Partial<ImportOptions>, RegExp][] = [
  ['an unknown app', 'p2', dump(row()), { app: 'stork' }, /no app stork; it has siskin, android/],
  ['an app without the convention', 'p2', dump(row()), { app: 'siskin' }, /the app siskin must include p2/],
  ['CSV for nobody', 'csv', 'node,token\n', {}, /name it with --app, one of siskin, android/],
  ['CSV without a header', 'csv', `a,${apnsToken}\n`, { app: 'siskin' }, /must name its columns/],
  ['CSV without a needed column', 'csv', 'node,account\n', { app: 'siskin' }, /no column token/],
  ['a column twice', 'csv', 'node,token,node\n', { app: 'siskin' }, /must name its columns/],
  ['a dump that breaks off', 'p2', dump(row()).slice(0, -3), {}, /ends in the middle/],
];

for (const [what, from, text, over, expected] of wrongCalls) {
  test(`import - ${what} ends it with an error that says so`, async (t) => {
    const { file, take } = start(t);
    await assert.rejects(take(from, file(text), over), (error) => {
      assert.ok(error instanceof ImportError);
      assert.match(error.message, expected);
      assert.doesNotMatch(error.message, /abab|fcmInst/);
      return true;
    });
  });
}

test('import - a folder is not a dump, and a missing file is said to be missing', async (t) => {
  const { folder, take } = start(t);
  await assert.rejects(take('p2', folder), /is a folder/);
  const nowhere = join(folder, 'nowhere');
  for (const from of ['p2', 'csv', 'mod_push_appserver'] as const) {
    await assert.rejects(take(from, nowhere, from === 'csv' ? { app: 'siskin' } : {}), (error) => {
      assert.ok(error instanceof ImportError);
      assert.equal(error.message, `cannot read ${nowhere}: there is no such file or folder`);
      return true;
    });
  }
});
