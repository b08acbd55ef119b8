/**
 * A push app server in the fewest lines that a demonstration needs, with nothing of Sealpost in it: what the harness is
 * tried against when Sealpost itself is not the matter. It can be given a defect.
 */
import { createHash, createPrivateKey } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { SignJWT } from 'jose';
import { type Element, Parser, escapeXML } from 'ltx';
import { Agent, request } from 'undici';

export type Defect =
  | 'loses-pushes'
  | 'upper-case-account'
  | 'alert-for-everything'
  | 'cuts-ciphertext'
  | 'item-not-found'
  /** Hands on what a server leaves beside the ciphertext. */
  | 'forwards-clear';

interface Config {
  readonly xmpp: readonly [{ readonly service: string; readonly domain: string; readonly secret: string }];
  readonly apps: {
    readonly iphone: { topic: string; key: { file: string; id: string; team: string }; endpoint: string; ca: string };
    readonly android: { serviceAccount: { file: string }; endpoint: string; tokenEndpoint: string; ca: string };
  };
}

interface Device {
  readonly provider: string;
  readonly account: string;
  readonly token: string;
  readonly secondToken: string | undefined;
}

export function startSmallComponent(defect?: Defect) {
  return async (parsed: object) => {
    const { xmpp, apps } = parsed as Config;
    const [{ service, domain, secret }] = xmpp;
    const devices = new Map<string, Device>();
    const agents = [apps.iphone, apps.android].map(
      ({ ca }) => new Agent({ allowH2: true, connect: { ca: readFileSync(ca, 'utf8') } }),
    );
    const [appleAgent, googleAgent] = agents as [Agent, Agent];

    const { key } = apps.iphone;
    const appleToken = await new SignJWT({})
      .setProtectedHeader({ alg: 'ES256', kid: key.id })
      .setIssuer(key.team)
      .setIssuedAt()
      .sign(createPrivateKey(readFileSync(key.file, 'utf8')));
    const account = JSON.parse(readFileSync(apps.android.serviceAccount.file, 'utf8')) as Record<string, string>;
    const assertion = await new SignJWT({ scope: 'https://www.googleapis.com/auth/firebase.messaging' })
      .setProtectedHeader({ alg: 'RS256' })
      .setIssuer(account['client_email'] ?? '')
      .setAudience('https://oauth2.googleapis.com/token')
      .setIssuedAt()
      .setExpirationTime('1h')
      .sign(createPrivateKey(account['private_key'] ?? ''));
    const granted = await request(`${apps.android.tokenEndpoint}/token`, {
      dispatcher: googleAgent,
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion }).toString(),
    });
    const { access_token: googleToken } = (await granted.body.json()) as { access_token: string };

    async function push(device: Device, notification: Element): Promise<void> {
      if (defect === 'loses-pushes') return;
      const encrypted = notification.getChild('encrypted');
      const high = notification.getChildText('priority') === 'high' || notification.getChild('x') !== undefined;
      const content = {
        account: defect === 'upper-case-account' ? device.account.toUpperCase() : device.account,
        ...(encrypted && {
          encrypted: defect === 'cuts-ciphertext' ? encrypted.getText().slice(0, -4) : encrypted.getText(),
          iv: String(encrypted.attrs['iv']),
        }),
        ...(defect === 'forwards-clear' && { clear: notification.toString() }),
      };
      if (device.provider === 'fcm-xmpp-api') {
        const message = { token: device.token, android: { priority: high ? 'high' : 'normal' }, data: content };
        const response = await request(`${apps.android.endpoint}/v1/projects/${account['project_id']}/messages:send`, {
          dispatcher: googleAgent,
          method: 'POST',
          headers: { authorization: `Bearer ${googleToken}`, 'content-type': 'application/json' },
          body: JSON.stringify({ message }),
        });
        return response.body.dump();
      }
      const call = encrypted?.attrs['type'] === 'voip' && high;
      const rings = call && device.secondToken !== undefined && defect !== 'alert-for-everything';
      const alert = { alert: { body: 'New message!' }, ...(call ? {} : { 'mutable-content': 1 }) };
      const shows = high || defect === 'alert-for-everything';
      const type = rings ? 'voip' : shows ? 'alert' : 'background';
      const aps = { voip: {}, alert, background: { 'content-available': 1 } }[type];
      const response = await request(`${apps.iphone.endpoint}/3/device/${rings ? device.secondToken : device.token}`, {
        dispatcher: appleAgent,
        method: 'POST',
        headers: {
          authorization: `bearer ${appleToken}`,
          'apns-topic': apps.iphone.topic + (rings ? '.voip' : ''),
          'apns-push-type': type,
          'apns-priority': type === 'background' ? '5' : '10',
          'apns-expiration': '0',
        },
        body: JSON.stringify({ aps, ...content }),
      });
      return response.body.dump();
    }

    async function answer(iq: Element): Promise<string> {
      const query = iq.getChild('query');
      if (query) {
        const features = ['urn:xmpp:push:0', 'tigase:messenger:apns:1', 'fcm-xmpp-api'];
        const list = features.map((feature) => `<feature var='${feature}'/>`).join('');
        return `<query xmlns='${query.getNS()}'><identity category='pubsub' type='push'/>${list}</query>`;
      }
      const command = iq.getChild('command');
      if (command) {
        const fields = command.getChild('x')?.getChildren('field') ?? [];
        const value = (name: string) =>
          fields.find((field) => field.attrs['var'] === name)?.getChildText('value') ?? undefined;
        const node = `node-${devices.size + 1}`;
        devices.set(node, {
          provider: value('provider') ?? '',
          account: String(iq.attrs['from']).replace(/\/.*/, ''),
          token: value('device-token') ?? '',
          secondToken: value('device-second-token'),
        });
        return (
          `<command xmlns='http://jabber.org/protocol/commands' node='register-device' status='completed'>` +
          `<x xmlns='jabber:x:data' type='result'><field var='node'><value>${node}</value></field>` +
          `<field var='features' type='text-multi'><value>tigase:push:encrypt:0</value></field>` +
          `<field var='max-payload-size'><value>3000</value></field></x></command>`
        );
      }
      const publish = iq.getChild('pubsub')?.getChild('publish');
      const device = devices.get(String(publish?.attrs['node']));
      const notification = publish?.getChild('item')?.getChild('notification');
      if (!device || !notification || defect === 'item-not-found') {
        return `<error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>`;
      }
      await push(device, notification);
      return '';
    }

    async function reply(iq: Element): Promise<void> {
      const content = await answer(iq);
      const type = content.startsWith('<error') ? 'error' : 'result';
      const { from, id: iqId } = iq.attrs as Record<string, string>;
      socket.write(`<iq type='${type}' from='${domain}' to='${escapeXML(from ?? '')}' id='${iqId}'>${content}</iq>`);
    }

    const socket = connect(Number(new URL(service).port), '127.0.0.1').setEncoding('utf8');
    socket.write(
      `<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' to='${domain}'>`,
    );
    const [header] = (await once(socket, 'data')) as [string];
    const id = /\bid='([^']+)'/.exec(header)?.[1] ?? '';
    socket.write(
      `<handshake>${createHash('sha1')
        .update(id + secret)
        .digest('hex')}</handshake>`,
    );
    await once(socket, 'data');

    let rest = '';
    socket.on('data', (chunk: string) => {
      rest += chunk;
      for (let end = rest.indexOf('</iq>'); end >= 0; end = rest.indexOf('</iq>')) {
        const parser = new Parser();
        parser.on('tree', (iq: Element) => {
          void reply(iq);
        });
        parser.end(rest.slice(0, end + 5));
        rest = rest.slice(end + 5);
      }
    });
    return {
      opsUrl: 'http://127.0.0.1:9',
      publicUrl: 'http://127.0.0.1:9',
      async stop() {
        socket.destroy();
        await Promise.all(agents.map((agent) => agent.destroy()));
      },
    };
  };
}
