import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { missingPackage } from '../support/debian.ts';
import { registerDevice, signIn } from './client.ts';
import { type ComponentConfig, ejabberdFile, startEjabberd } from './ejabberd.ts';
import { type Prosody, prosodyFile, startProsody } from './prosody.ts';
import { setUp, type Setting } from './setting.ts';

// The configs of docs/servers.md in the real servers, with the names of this machine.

const page = await readFile(join(import.meta.dirname, '../../docs/servers.md'), 'utf8');

/** The first block of a language, with the domains and the secret of the tests. */
function snippet(language: string): string {
  const [, block = ''] = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'ms').exec(page) ?? [];
  return block.replaceAll('example.com', 'localhost').replaceAll('the same as in sealpost.yaml', 's3cret');
}

const token = 'ab12'.repeat(16);

/** Bob's phone asks for sealing and goes to sleep; Alice writes. Resolves with what APNs gets. */
async function pushOfMessage({ server, providers }: Setting): Promise<object> {
  const bob = await signIn(server, 'bob');
  const { node } = await registerDevice(bob, server.component, {
    provider: 'tigase:messenger:apns:1',
    'device-token': token,
  });
  await bob.request(
    `<iq type='set'><enable xmlns='urn:xmpp:push:0' jid='${server.component}' node='${node}'>` +
      `<encrypt xmlns='tigase:push:encrypt:0' alg='aes-128-gcm'>AAECAwQFBgcICQoLDA0ODw==</encrypt></enable></iq>`,
  );
  await bob.leave();
  const alice = await signIn(server, 'alice');
  await alice.send(`<message to='bob@localhost' type='chat' id='m1'><body>Wherefore art thou?</body></message>`);
  const { body } = await providers.apns.waitFor((push) => push.token === token, 10_000);
  await alice.leave();
  return body;
}

const withoutContent = {
  aps: { alert: { body: 'New message!' }, category: 'MESSAGE', 'mutable-content': 1, sound: 'default' },
  account: 'bob@localhost',
};

describe('servers page - Prosody of Debian 12', { skip: missingPackage('prosody', prosodyFile) }, () => {
  let prosody: Prosody;
  const setting = setUp(async () => (prosody = await startProsody({ seal: false, hosts: snippet('lua') })));

  test('its config pushes; without the sealing modules the log says what the page says, and content is missing', async () => {
    assert.deepEqual(await pushOfMessage(setting), withoutContent);
    const log = await readFile(prosody.logFile, 'utf8');
    const [, said = ''] = /writes `([^`]+)`\s+into its log, and sends without/.exec(page) ?? [];
    assert.equal(said.replaceAll(/\s+/g, ' '), "Unable to load module 'cloud_notify_encrypted'");
    for (const name of ['encrypted', 'priority_tag', 'filters'])
      assert.ok(log.includes(said.replaceAll(/\s+/g, ' ').replace('encrypted', name)), name);
  });
});

describe('servers page - ejabberd', { skip: missingPackage('ejabberd', ejabberdFile) }, () => {
  const setting = setUp(() =>
    startEjabberd({
      component(port) {
        const { listen, modules } = parse(snippet('yaml')) as ComponentConfig;
        return { listen: listen.map((listener) => ({ ...listener, port })), modules };
      },
    }),
  );

  test('its config pushes, without content although the phone asked for sealing', async () => {
    assert.deepEqual(await pushOfMessage(setting), withoutContent);
  });

  test('a client that asks which services there are finds the component', async () => {
    const alice = await signIn(setting.server, 'alice');
    const answer = await alice.request(
      `<iq type='get' to='localhost'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>`,
    );
    await alice.leave();
    const items = answer.getChild('query')?.getChildren('item') ?? [];
    assert.ok(items.some(({ attrs }) => attrs['jid'] === 'push.localhost'));
  });
});
