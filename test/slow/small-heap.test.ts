import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { type BuiltProject, buildProject } from '../support/built.ts';
import { eventually } from '../support/process.ts';
import { defaults, startProviders, startSealpost } from '../support/sealpost.ts';
import { startScriptedServer } from '../xmpp/link/scripted-server.ts';

const domain = 'push.example.org';
const unlimited = { burst: 10_000_000, perMinute: 600_000_000 };
const publishes = 1_550;

// The sources need 10 MB more: Node keeps what strips their types, and their texts.
let built: BuiltProject | undefined;
before(() => (built = buildProject()));
after(() => built?.remove());

/** Each has 60 KB: sealed, and plain texts of which each is cut, in which one character makes all take two bytes. */
const contents: readonly [string, string][] = [
  ['sealed', `<encrypted xmlns='tigase:push:encrypt:0' iv='AAECAwQFBgcICQoL'>${'QUFB'.repeat(15_000)}</encrypted>`],
  [
    'plain',
    `<x xmlns='jabber:x:data'>${['sender', 'body'].map((name) => `<field var='last-message-${name}'><value>\u0436${'a'.repeat(30_000)}</value></field>`).join('')}</x>`,
  ],
];

for (const [what, content] of contents) {
  test(`small heap - ${publishes} large ${what} publishes while the provider hangs fit into 96 MB`, async (t) => {
    const [providers, server] = await Promise.all([startProviders(), startScriptedServer()]);
    t.after(() => Promise.all([server.close(), providers.stop()]));
    const config = {
      xmpp: [{ service: server.service, domain, secret: 's3cret' }],
      ...defaults(providers.folder),
      apps: { ...providers.apps, siskin: { ...providers.apps.siskin, plaintext: 'forward' } },
      limits: { pushesPerRegistration: unlimited, publishesPerDomain: unlimited },
    };
    const sealpost = await startSealpost(providers.folder, config, ['--max-old-space-size=96'], [], built?.mainFile);
    t.after(() => sealpost.stop());
    const peer = await server.next();
    await peer.accept();
    peer.send(
      `<iq type='set' id='register' from='romeo@example.org/phone' to='${domain}'>` +
        `<command xmlns='http://jabber.org/protocol/commands' node='register-device'><x xmlns='jabber:x:data' type='submit'>` +
        `<field var='provider'><value>tigase:messenger:apns:1</value></field>` +
        `<field var='device-token'><value>${'ab'.repeat(32)}</value></field></x></command></iq>`,
    );
    const node = /var='node'[^>]*><value>([^<]+)</.exec(await peer.until(/<\/command><\/iq>/))?.[1];
    assert.ok(node);

    providers.apns.script('*', { fault: 'hang' });
    let ended = false;
    void sealpost.ended.then(() => (ended = true));
    for (let n = 0; n < publishes && !ended; n += 1) {
      const written = peer.socket.write(
        `<iq type='set' id='p${n}' from='example.org' to='${domain}'><pubsub xmlns='http://jabber.org/protocol/pubsub'>` +
          `<publish node='${node}'><item><notification xmlns='urn:xmpp:push:0'>${content}` +
          `<priority xmlns='tigase:push:priority:0'>high</priority></notification></item></publish></pubsub></iq>`,
      );
      if (!written) await Promise.race([once(peer.socket, 'drain').catch(() => sealpost.ended), sealpost.ended]);
    }
    const answers = () => [...peer.received.matchAll(/<iq type='(result|error)' id='p(\d+)'/g)];
    await eventually('all are answered', () => ended || answers().length >= publishes || undefined, 120_000);
    assert.equal(ended, false, sealpost.lines.filter((line) => line.includes('FATAL')).join('\n'));
    assert.equal(new Set(answers().map(([, , id]) => id)).size, publishes);
    assert.deepEqual(new Set(answers().map(([, type]) => type)), new Set(['result']));
    // The publishes came on the first connection, which is still open.
    assert.equal(server.connections, 1);
  });
}
