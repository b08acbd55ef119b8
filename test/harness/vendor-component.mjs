// A vendor's push app server for raw tokens (the node is the device's token), with nothing of ours in it.
// Its defect: it does not tell the XMPP server when APNs calls a device dead.
import { readFileSync } from 'node:fs';
import { connect } from 'node:http2';
import { createPrivateKey } from 'node:crypto';
import { component, xml } from '@xmpp/component';
import { SignJWT } from 'jose';

const [, , service, domain, password, settings, cure] = process.argv;
const { endpoint, ca, topic, key } = JSON.parse(readFileSync(settings, 'utf8')).apns;
const signing = createPrivateKey(readFileSync(key.file));
const header = { alg: 'ES256', kid: key.id };
const token = await new SignJWT({}).setProtectedHeader(header).setIssuer(key.team).setIssuedAt().sign(signing);
const apns = connect(endpoint, { ca: readFileSync(ca) });

const push = (device) =>
  new Promise((resolve) => {
    const request = apns.request({
      ':method': 'POST',
      ':path': `/3/device/${device}`,
      authorization: `bearer ${token}`,
      'apns-topic': topic,
      'apns-push-type': 'alert',
      'apns-priority': '10',
    });
    request.on('response', (response) => resolve(response[':status'])).resume();
    request.end(JSON.stringify({ aps: { alert: { title: 'New message' }, 'mutable-content': 1 } }));
  });

const xmpp = component({ service, domain, password });
xmpp.iqCallee.set('http://jabber.org/protocol/pubsub', 'pubsub', async ({ element }) => {
  const status = await push(element.getChild('publish').attrs.node);
  if (status === 410 && cure) {
    const condition = xml('item-not-found', { xmlns: 'urn:ietf:params:xml:ns:xmpp-stanzas' });
    return xml('error', { type: 'cancel' }, condition);
  }
  if (status === 200 || (status === 410 && !cure)) return true;
  return xml('error', { type: 'wait' }, xml('internal-server-error', { xmlns: 'urn:ietf:params:xml:ns:xmpp-stanzas' }));
});
await xmpp.start();
