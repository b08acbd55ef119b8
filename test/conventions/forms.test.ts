import assert from 'node:assert/strict';
import { it } from 'node:test';
import { startAnswering, testApp } from '../xmpp/link/answering.ts';

const addresses = "from='romeo@example.net/phone' to='push.example.org'";
const namespace = 'http://jabber.org/protocol/commands';

/** What a person fills in, by field; of a choice the first option. */
const values: Readonly<Record<string, string>> = {
  'device-token': 'ab'.repeat(32),
  'device-second-token': 'cd'.repeat(32),
  token: 'ab'.repeat(32),
  'device-id': '92afd7a91cdba9a0',
  node: '92afd7a91cdba9a0',
  muc: '',
};

it('forms - each command of each convention is completed by filling in the form that it offers', async () => {
  const apps = ['tigase', 'p2', 'v1'].flatMap((convention) => [
    testApp({ name: `${convention}-iphone`, conventions: [convention], ids: [`${convention}:apns`] }),
    testApp({ name: `${convention}-android`, provider: 'fcm', conventions: [convention], ids: [`${convention}:fcm`] }),
  ]);
  const answering = startAnswering(apps);
  const items = await answering.ask(
    `<iq type='get' id='1' ${addresses}><query xmlns='http://jabber.org/protocol/disco#items' node='${namespace}'/></iq>`,
  );
  const commands = [...items.matchAll(/ node='([\w-]+)' name=/g)].map(([, node = '']) => node);
  assert.deepEqual(commands.toSorted(), [
    'register-device',
    'register-push-apns',
    'register-push-fcm',
    'unregister-device',
    'unregister-push-apns',
    'unregister-push-fcm',
    'v1-register-push',
    'v1-unregister-push',
  ]);
  for (const node of commands) {
    const offered = await answering.ask(
      `<iq type='set' id='1' ${addresses}><command xmlns='${namespace}' node='${node}' action='execute'/></iq>`,
    );
    const fields = [...offered.matchAll(/<field var='([\w-]+)' type='([\w-]+)' label='[^']+'>(.*?)<\/field>/g)].map(
      ([, name = '', type = '', inside = '']) => {
        const value = type === 'list-single' ? /<option><value>([^<]+)/.exec(inside)?.[1] : values[name];
        assert.ok(value !== undefined, `${node}: ${name}`);
        return `<field var='${name}' type='${type}'><value>${value}</value></field>`;
      },
    );
    assert.ok(fields.length >= 2, offered);
    const completed = await answering.ask(
      `<iq type='set' id='2' ${addresses}><command xmlns='${namespace}' node='${node}' sessionid='1' action='complete'>` +
        `<x xmlns='jabber:x:data' type='submit'>${fields.join('')}</x></command></iq>`,
    );
    assert.match(completed, /^<iq type='result' .* status='completed?'><x xmlns='jabber:x:data' type='result'>/, node);
  }
  assert.equal(answering.registered.length, 4);
  assert.equal(answering.unregistered.length, 4);
});
