import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createVectorFiles, formatVectorFile } from '../../../src/harness/vectors/write.ts';
import { callHarness, startHarness } from '../../harness/command.ts';

let folder: string;
before(async () => void (folder = await mkdtemp(join(tmpdir(), 'harness-cli-'))));
after(() => rm(folder, { recursive: true }));

const key = 'AAECAwQFBgcICQoLDA0ODw==';

test('harness - run plays the chosen scenarios and writes all three reports', async () => {
  const [junit, html] = [join(folder, 'r.xml'), join(folder, 'r.html')];
  const args = ['run', '--only', 'encrypt/4.3', '--only', 'unknown-node', '--json', '--junit', junit, '--html', html];
  const { code, output, errors } = await callHarness(args);
  assert.equal(code, 0, errors);
  const { results } = JSON.parse(output) as { results: { id: string; outcome: string; passages: unknown[] }[] };
  assert.ok(
    results.length >= 4 && results.every(({ outcome, passages }) => outcome === 'passed' && passages.length > 0),
  );
  assert.match(errors, /✓ Disabling ends pushes +\d+ ms\n/);
  assert.match(errors, /✓ \d scenarios passed, in \d/);
  assert.ok(!errors.includes('\u001b'));
  assert.match(await readFile(junit, 'utf8'), /failures="0"/);
  assert.match(await readFile(html, 'utf8'), /id="disable"/);
});

test('harness - it is a command of sealpost, and its exit code is that of the run', async () => {
  const sealed = await startHarness(['seal', '--key', key], '{}').finished;
  assert.deepEqual([sealed.code, sealed.errors], [0, '']);
  const opened = await startHarness(['open', '--key', key], sealed.output).finished;
  assert.deepEqual(opened, { code: 0, output: '{}\n', errors: '' });
  assert.equal((await startHarness(['open', '--key', `B${key.slice(1)}`], sealed.output).finished).code, 1);
});

test('harness - run --list plays nothing', async () => {
  const { code, output } = await callHarness(['run', '--list', '--only', 'call-']);
  assert.equal(code, 0);
  assert.match(output, /^call-rings +A call rings through PushKit$/m);
});

test('harness - a word that matches no scenario is an error', async () => {
  const { code, errors } = await callHarness(['run', '--only', 'nothing']);
  assert.deepEqual([code, errors], [1, 'sealpost harness: no scenario is meant by nothing\n']);
});

test('harness - sealed text opens, from standard input and from a stanza', async () => {
  const json = '{"unread":1,"sender":"juliet@capulet.example","type":"chat","message":"🌹"}';
  const sealed = await callHarness(['seal', '--key', key, '--voip'], json);
  assert.match(
    sealed.output,
    /^<encrypted xmlns='tigase:push:encrypt:0' type='voip' iv='[^']{16}'>[^<]+<\/encrypted>\n$/,
  );
  const stanza = `<iq><pubsub><item><notification>\n${sealed.output.replace('>', '>\n   ')}</notification></item></pubsub></iq>`;
  assert.deepEqual(await callHarness(['open', '--key', key], stanza), { code: 0, output: `${json}\n`, errors: '' });
});

test('harness - a body is cut to max-size, with a message', async () => {
  const json = `{"unread":1,"sender":"juliet@capulet.example","type":"chat","message":"${'x'.repeat(500)}"}`;
  const { code, output, errors } = await callHarness(['seal', '--key', key, '--max-size', '200', json]);
  assert.deepEqual([code, errors], [0, 'the end of the body was cut off\n']);
  assert.ok((/>([^<]+)</.exec(output)?.[1] ?? '').length <= 200);
  const tooSmall = await callHarness(['seal', '--key', key, '--max-size', '40', json]);
  assert.equal(tooSmall.code, 1);
  assert.match(tooSmall.errors, /it does not fit 40 bytes even without body/);
});

const sealedPush = { encrypted: 'h47hR1PnGgHPLq0kWXaC4hyNMg==', iv: 'AAAAAAAAAAAAAAAA' };
const pushes: readonly [what: string, text: string, code: number, errors: RegExp][] = [
  ['a push of another key', JSON.stringify({ aps: {}, ...sealedPush }), 1, /^bad-tag: the tag does not match/],
  ['a push to FCM', JSON.stringify({ message: { data: sealedPush } }), 1, /^bad-tag/],
  ['too little', JSON.stringify({ ...sealedPush, encrypted: 'AAAA' }), 1, /^too-short/],
  ['no base64', JSON.stringify({ ...sealedPush, encrypted: '****' }), 1, /^bad-base64/],
  ['a push with white space', JSON.stringify({ ...sealedPush, iv: ' AAAAAAAAAAAAAAAA' }), 1, /^there is white space/],
  ['a stanza without anything sealed', '<message/>', 2, /there is no <encrypted/],
  ['broken XML', '<message', 2, /there is no <encrypted/],
  ['neither', 'hello', 2, /neither a stanza nor JSON/],
];
for (const [what, text, code, errors] of pushes) {
  test(`harness - open says what is wrong with ${what}`, async () => {
    const finished = await callHarness(['open', '--key', key, text]);
    assert.equal(finished.code, code);
    assert.match(finished.errors, errors);
  });
}

test('harness - vectors are written and checked, and differences are shown', async () => {
  const { code, output } = await callHarness(['vectors', '--write', join(folder, 'v')]);
  assert.equal(code, 0);
  assert.match(output, /^sealing\.json: \d+ vectors$/m);
  const file = createVectorFiles().get('omemo.json');
  assert.ok(file);
  assert.equal(await readFile(join(folder, 'v', 'omemo.json'), 'utf8'), formatVectorFile(file));
  const good = await callHarness(['vectors', '--check', join(folder, 'v', 'omemo.json')]);
  assert.deepEqual([good.code, good.output], [0, 'omemo.json: 10 of 10 vectors agree with the reference\n']);
  const changed = join(folder, 'changed.json');
  await writeFile(changed, formatVectorFile(file).replace('"sid":"27183"', '"sid":27183'));
  const bad = await callHarness(['vectors', '--check', changed]);
  assert.equal(bad.code, 1);
  assert.match(bad.output, /9 of 10 vectors agree.*\n {2}axolotl, the device is meant\n {4}the file says/);
});

interface Settings {
  readonly apns: { readonly endpoint: string; readonly ca: string; readonly topic: string };
}

/** Pushes without a provider token; resolves with the status of the answer. */
async function pushTo({ apns }: Settings, body: object): Promise<unknown> {
  const session = connect(apns.endpoint, { ca: await readFile(apns.ca) });
  const request = session.request({ ':method': 'POST', ':path': `/3/device/${'ab'.repeat(32)}` });
  request.end(JSON.stringify(body));
  const [headers] = (await once(request, 'response')) as [Record<string, unknown>];
  session.destroy();
  return headers[':status'];
}

test('harness - providers stand in for APNs and FCM until they are interrupted, and say where they listen', async () => {
  const providers = startHarness(['providers']);
  const [, apns] = await providers.said(/APNs is (https:\S+), FCM is https:\S+\n/);
  const [text] = await providers.said(/^\{\n[^]*?\n\}\n/m);
  const settings = JSON.parse(text) as Settings;
  assert.equal(settings.apns.endpoint, apns);
  assert.equal(await pushTo(settings, {}), 403);
  const [line] = await providers.said(/^.*"status":403.*$/m);
  assert.match(line, /^\{"provider":"apns","token":"(ab){32}",.*"reason":"MissingProviderToken","body":\{\}\}$/);
  providers.process.kill('SIGTERM');
  const { code, output } = await providers.finished;
  assert.deepEqual([code, output], [0, `${line}\n`]);
});

test('harness - providers keep their keys in the folder that --keys names, and take them from there', async () => {
  const keys = join(folder, 'keys');
  const seen: Record<string, string>[] = [];
  for (let i = 0; i < 2; i += 1) {
    const providers = startHarness(['providers', '--keys', keys]);
    await providers.said(/what an app server needs to know of them is in .*settings\.json/);
    const settings = JSON.parse(await readFile(join(keys, 'settings.json'), 'utf8')) as Settings;
    assert.equal(await pushTo(settings, {}), 403);
    providers.process.kill('SIGTERM');
    assert.equal((await providers.finished).code, 0);
    const names = (await readdir(keys)).filter((name) => name !== 'settings.json').toSorted();
    const texts = await Promise.all(
      names.map(async (name) => [name, await readFile(join(keys, name), 'utf8')] as const),
    );
    seen.push(Object.fromEntries(texts));
    for (const name of names) assert.equal((await stat(join(keys, name))).mode & 0o777, 0o600, name);
  }
  assert.deepEqual(Object.keys(seen[0] ?? {}), [
    'AuthKey_HARNESS123.p8',
    'ca-key.pem',
    'ca.pem',
    'service-account.json',
  ]);
  assert.deepEqual(seen[1], seen[0]);
});

test('harness - a file in the folder of --keys that is no key is named', async () => {
  const keys = join(folder, 'no-keys');
  await mkdir(keys);
  await writeFile(join(keys, 'AuthKey_HARNESS123.p8'), 'juliet');
  const { code, errors } = await callHarness(['providers', '--keys', keys]);
  assert.equal(code, 1);
  assert.match(errors, /AuthKey_HARNESS123\.p8 is none of the harness's keys: remove it, and a new one is made/);
});

test('harness - what providers write is opened push by push, and one without content is passed over', async () => {
  const json = '{"unread":1,"sender":"juliet@capulet.example","type":"chat","message":"Hello"}';
  const { output: stanza } = await callHarness(['seal', '--key', key], json);
  const [, iv, encrypted] = /iv='([^']+)'>([^<]+)</.exec(stanza) ?? [];
  const line = (provider: string, body: object) =>
    JSON.stringify({ provider, token: 'a', bytes: 1, status: 200, body });
  const lines = [
    line('apns', { aps: {}, account: 'romeo@montague.example', encrypted, iv }),
    line('apns', { aps: { 'content-available': 1 } }),
    line('fcm', { message: { data: { encrypted, iv } } }),
  ];
  assert.deepEqual(await callHarness(['open', '--key', key], lines.join('\n')), {
    code: 0,
    output: `${json}\n${json}\n`,
    errors: 'a push to apns with nothing sealed in it\n',
  });
  const changed = line('apns', { encrypted: sealedPush.encrypted, iv });
  const { code, output, errors } = await callHarness(['open', '--key', key], [changed, lines[0]].join('\n'));
  assert.deepEqual([code, output], [1, `${json}\n`]);
  assert.match(errors, /^bad-tag/);
});

const wrongCalls: readonly [what: string, args: readonly string[], complaint: RegExp][] = [
  ['no command', [], /a command is missing/],
  ['an unknown command', ['play'], /unknown command "play"; did you mean "seal"\?/],
  ['an inherited name', ['constructor'], /unknown command "constructor"/],
  ['an unknown option', ['run', '--fast'], /unknown option "--fast"/],
  ['no key', ['seal', '{}'], /--key takes the base64 of 16 bytes/],
  ['a short key', ['open', '--key', 'AAAA', '{}'], /--key takes the base64 of 16 bytes/],
  ['no JSON', ['seal', '--key', key, 'hello'], /has to be a JSON object/],
  [
    'a size that is none',
    ['seal', '--key', key, '--max-size', '-1', '{}'],
    /Option '--max-size' argument is ambiguous|takes a number/,
  ],
  ['two texts', ['open', '--key', key, 'a', 'b'], /more than one text/],
  ['vectors without a word', ['vectors'], /--check FILE or --write FOLDER/],
  ['a port that is none', ['providers', '--apns-port', '99999'], /99999 is not a port/],
];
for (const [what, args, complaint] of wrongCalls) {
  test(`harness - ${what} is an error that shows the usage`, async () => {
    const { code, errors, output } = await callHarness(args);
    assert.deepEqual([code, output], [2, '']);
    assert.match(errors, complaint);
    assert.match(errors, /Usage: sealpost harness COMMAND/);
  });
}

test('harness - --help is not an error', async () => {
  const { code, output, errors } = await callHarness(['--help']);
  assert.deepEqual([code, errors], [0, '']);
  assert.match(output, /^Usage: sealpost harness COMMAND/);
});
