// A vendor's push app server for Tigase's convention and APNs, with nothing of ours in it.
// Its defect: it sends calls to the token for messages.
import { createPrivateKey, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect } from 'node:http2';
import { component, xml } from '@xmpp/component';
import { SignJWT } from 'jose';

const [, , service, domain, password, settings, cure] = process.argv;
const { endpoint, ca, topic, key } = JSON.parse(readFileSync(settings, 'utf8')).apns;
const signing = createPrivateKey(readFileSync(key.file));
const header = { alg: 'ES256', kid: key.id };
const token = await new SignJWT({}).setProtectedHeader(header).setIssuer(key.team).setIssuedAt().sign(signing);
const apns = connect(endpoint, { ca: readFileSync(ca) });
const devices = new Map();

const post = (device, type, aps, keys) =>
  new Promise((resolve) => {
    const request = apns.request({
      ':method': 'POST',
      ':path': `/3/device/${device}`,
      authorization: `bearer ${token}`,
      'apns-topic': type === 'voip' ? `${topic}.voip` : topic,
      'apns-push-type': type,
      'apns-priority': type === 'background' ? '5' : '10',
      'apns-expiration': '0',
    });
    request.on('response', (response) => resolve(response[':status'])).resume();
    request.end(JSON.stringify({ aps, ...keys }));
  });

const field = (form, name) =>
  form
    ?.getChildren('field')
    .find((each) => each.attrs.var === name)
    ?.getChildText('value') ?? undefined;

function push({ account, first, second }, notification) {
  const encrypted = notification.getChild('encrypted');
  const isHigh = notification.getChildText('priority') === 'high';
  const form = notification.getChild('x');
  const keys = { account };
  if (encrypted) {
    keys.encrypted = encrypted.getText().replaceAll(/\s/g, '');
    keys.iv = encrypted.attrs.iv.trim();
    if (encrypted.attrs.type === 'voip' && isHigh) return post(cure ? second : first, 'voip', {}, keys);
  } else if (field(form, 'message-count') === '0') keys['unread-messages'] = 0;
  if (isHigh || (!encrypted && field(form, 'last-message-body') !== undefined)) {
    return post(first, 'alert', { alert: { body: 'New message!' }, 'mutable-content': 1 }, keys);
  }
  return post(first, 'background', { 'content-available': 1 }, keys);
}

const xmpp = component({ service, domain, password });
const written = (name, value, type) => xml('field', { var: name, type }, xml('value', {}, value));
xmpp.iqCallee.get('http://jabber.org/protocol/disco#info', 'query', () => {
  const features = ['urn:xmpp:push:0', 'tigase:messenger:apns:1', 'snikket:apns:1'];
  const identity = xml('identity', { category: 'pubsub', type: 'push' });
  const xmlns = 'http://jabber.org/protocol/disco#info';
  return xml('query', { xmlns }, identity, ...features.map((name) => xml('feature', { var: name })));
});
xmpp.iqCallee.set('http://jabber.org/protocol/commands', 'command', ({ element, stanza }) => {
  const [form, node] = [element.getChild('x'), randomUUID()];
  const first = field(form, 'device-token');
  for (const [known, device] of devices) if (device.first === first) devices.delete(known);
  const account = stanza.attrs.from.split('/')[0];
  const second = field(form, 'device-second-token');
  if (element.attrs.node === 'register-device') devices.set(node, { account, first, second });
  const answer = [
    written('node', node, 'text-single'),
    written('features', 'tigase:push:encrypt:0', 'text-multi'),
    written('max-payload-size', '3000', 'text-single'),
  ];
  const attributes = { xmlns: 'http://jabber.org/protocol/commands', node: element.attrs.node, status: 'completed' };
  return xml('command', attributes, xml('x', { xmlns: 'jabber:x:data', type: 'result' }, ...answer));
});
xmpp.iqCallee.set('http://jabber.org/protocol/pubsub', 'pubsub', async ({ element }) => {
  const publish = element.getChild('publish');
  const device = devices.get(publish.attrs.node);
  const status = device && (await push(device, publish.getChild('item').getChild('notification')));
  if (status !== undefined && status !== 410) return true;
  return xml('error', { type: 'cancel' }, xml('item-not-found', { xmlns: 'urn:ietf:params:xml:ns:xmpp-stanzas' }));
});
await xmpp.start();
