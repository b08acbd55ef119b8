import assert from 'node:assert/strict';
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually } from '../support/process.ts';
import { startWorld } from '../support/sealpost.ts';

const apns = 'tigase:messenger:apns:1';
const tokenOf = (i: number) => i.toString(16).padStart(64, 'a');

const register = (id: string, token: string) =>
  `<iq type='set' id='${id}' from='juliet@localhost/phone' to='push.localhost'>` +
  `<command xmlns='http://jabber.org/protocol/commands' node='register-device'><x xmlns='jabber:x:data' type='submit'>` +
  `<field var='provider'><value>${apns}</value></field><field var='device-token'><value>${token}</value></field>` +
  `</x></command></iq>`;

const publish = (id: string, node: string) =>
  `<iq type='set' id='${id}' from='localhost' to='push.localhost'><pubsub xmlns='http://jabber.org/protocol/pubsub'>` +
  `<publish node='${node}'><item><notification xmlns='urn:xmpp:push:0'>` +
  `<encrypted xmlns='tigase:push:encrypt:0' iv='AAECAwQFBgcICQoL'>c2VhbGVkIGNvbnRlbnQgaGVyZQ==</encrypted>` +
  `<priority xmlns='tigase:push:priority:0'>high</priority></notification></item></publish></pubsub></iq>`;

test('store faults - with its file moved away, devices are told to register later, pushes go on, and readiness says why', async () => {
  const world = await startWorld();
  try {
    const path = join(world.folder, 'sealpost.db');
    const node = await world.register({ account: 'romeo@localhost', provider: apns, token: tokenOf(1) });
    renameSync(path, `${path}.away`);

    const refused = await world.ask(register('r1', tokenOf(2)));
    assert.equal(refused.kind, 'error');
    assert.match(refused.stanza.toString(), /<error type="wait"><internal-server-error /);
    assert.equal((await world.ask(publish('p1', node))).kind, 'result');

    const readiness = async () => (await fetch(`${world.sealpost.opsUrl}/readyz`)).json() as Promise<Readiness>;
    const { status, checks } = await eventually(
      'readiness warns',
      async () => {
        const found = await readiness();
        return found.checks.store?.status === 'warn' ? found : undefined;
      },
      60_000,
    );
    assert.equal(status, 'warn');
    assert.equal(checks.store?.reason, 'no registration can be kept: deleted');
    assert.match(checks.store?.hint ?? '', /Move it back/);
    assert.match(await (await fetch(`${world.sealpost.opsUrl}/metrics`)).text(), /^sealpost_store_up 0$/m);

    renameSync(`${path}.away`, path);
    assert.equal((await world.ask(register('r2', tokenOf(2)))).kind, 'result');
    await eventually(
      'readiness passes',
      async () => (await readiness()).checks.store?.status === 'pass' || undefined,
      60_000,
    );
  } finally {
    await world.stop();
  }
});

interface Readiness {
  readonly status: string;
  readonly checks: Readonly<
    Record<string, { readonly status: string; readonly reason?: string; readonly hint?: string }>
  >;
}
