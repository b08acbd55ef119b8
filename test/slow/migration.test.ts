import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { ReceivedPush } from '../../src/harness/stand-ins/contract.ts';
import { startWorld, type World } from '../support/sealpost.ts';

const token = 'c2VhbHBvc3QgcmVnaXN0cmF0aW9ucyE=';
const main = join(import.meta.dirname, '..', '..', 'src', 'main.ts');
let world: World;

before(async () => {
  world = await startWorld((apps) => ({
    apps: {
      siskin: { ...apps.siskin, conventions: ['tigase', 'v1'] },
      android: { ...apps.android, conventions: ['tigase', 'p2', 'http'], api: { token } },
    },
  }));
});
after(() => world.stop());

async function sealpost(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  const [code] = (await once(child, 'close')) as [number];
  return { code, out, err };
}

const publish = (node: string, from: string, secret: string) =>
  world.ask(
    `<iq type='set' id='p-${node}-${from}' from='${from}' to='push.localhost'>` +
      `<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='${node}'><item>` +
      `<notification xmlns='urn:xmpp:push:0'><x xmlns='jabber:x:data' type='submit'>` +
      `<field var='FORM_TYPE'><value>urn:xmpp:push:summary</value></field>` +
      `<field var='last-message-body'><value>New Message!</value></field></x></notification></item></publish>` +
      `<publish-options><x xmlns='jabber:x:data' type='submit'>` +
      `<field var='FORM_TYPE'><value>http://jabber.org/protocol/pubsub#publish-options</value></field>` +
      `<field var='secret'><value>${secret}</value></field></x></publish-options></pubsub></iq>`,
  );

const dataOf = ({ body }: ReceivedPush) => (body['message'] as { data: Record<string, string> }).data;

test('migration - a dump of p2 is imported beside the running server, and its nodes get publishes at once', async () => {
  const hash = createHash('sha1').update('romeo@example.net\u000092afd7a91cdba9a0').digest('hex');
  const dump = join(world.folder, 'p2.sql');
  await writeFile(
    dump,
    `INSERT INTO \`target\` VALUES ('FCM','${hash}','','example.net','fcm:romeo','eKxTS5n3bOe0','KK4+H5WMfpRG');\n`,
  );
  const config = ['--config', join(world.folder, 'sealpost.yaml')];
  assert.deepEqual(await sealpost('import', '--from', 'p2', dump, ...config, '--dry-run'), {
    code: 0,
    out: 'would be imported: 1\nalready present: 0\n',
    err: '',
  });
  assert.equal((await publish('eKxTS5n3bOe0', 'example.net', 'KK4+H5WMfpRG')).kind, 'error');
  const taken = await sealpost('import', '--from', 'p2', dump, ...config);
  assert.deepEqual(taken, { code: 0, out: 'imported: 1\nalready present: 0\n', err: '' });
  assert.equal((await publish('eKxTS5n3bOe0', 'example.net', 'KK4+H5WMfpRG')).kind, 'result');
  assert.equal((await publish('eKxTS5n3bOe0', 'kent.example', 'KK4+H5WMfpRG')).kind, 'error');
  assert.equal((await publish('eKxTS5n3bOe0', 'example.net', 'guess')).kind, 'error');
  const push = await world.fcm.waitFor((one) => one.token === 'fcm:romeo', 10_000);
  assert.equal(dataOf(push)['account'], hash);
});

test('migration - a row that cannot be imported shows in exit code and output', async () => {
  const csv = join(world.folder, 'devices.csv');
  await writeFile(csv, 'node,token,account\na,b c,romeo@example.net\n');
  const config = ['--config', join(world.folder, 'sealpost.yaml')];
  const { code, out } = await sealpost('import', '--from', 'csv', csv, '--app', 'android', ...config);
  assert.equal(code, 1);
  assert.match(out, /^line 2: token is not valid for fcm\nimported: 0\n/);
  const { code: wrong, err } = await sealpost('import', '--from', 'nowhere', csv, ...config);
  assert.equal(wrong, 2);
  assert.match(err, /^sealpost: --from takes one of p2, mod_push_appserver, csv\n\nUsage: sealpost import/);
});

test('migration - a device registered over HTTP gets publishes of its account’s server', async () => {
  const response = await fetch(`${world.sealpost.publicUrl}/v1/registrations`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ account: 'juliet@example.net', token: 'fcm:juliet', secret: true }),
  });
  const { node, secret, jids } = (await response.json()) as { node: string; secret: string; jids: string[] };
  assert.deepEqual(jids, ['push.localhost']);
  assert.equal((await publish(node, 'example.net', secret)).kind, 'result');
  const push = await world.fcm.waitFor((one) => one.token === 'fcm:juliet', 10_000);
  assert.equal(dataOf(push)['account'], 'juliet@example.net');
});

test('migration - a device registered over the form API gets publishes of whoever has its secret', async () => {
  const response = await fetch(`${world.sealpost.publicUrl}/push_appserver/v1/register`, {
    method: 'POST',
    body: new URLSearchParams({ type: 'apns', node: 'device-1', token: 'ab'.repeat(32) }),
  });
  const [word, node = '', secret = ''] = (await response.text()).split('\n');
  assert.equal(word, 'OK');
  assert.equal((await publish(node, 'kent.example', secret)).kind, 'result');
  assert.equal((await publish(node, 'kent.example', 'guess')).kind, 'error');
});
