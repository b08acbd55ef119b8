import type { Acceptor } from '../../src/harness/server/acceptor.ts';
import { answerWord } from '../../src/harness/server/stanza.ts';

export interface Device {
  readonly token: string;
  readonly node: string;
  readonly provider: 'apns' | 'fcm';
  /** Token for calls, over PushKit. */
  readonly secondToken?: string;
}

/** PushKit tokens belong to another topic, as real ones do. */
export const topicOf = (token: string) =>
  token.startsWith('f') ? 'org.example.messenger.voip' : 'org.example.messenger';

const apnsTokens = (index: number) => ({
  token: String(index).padStart(64, 'e'),
  secondToken: String(index).padStart(64, 'f'),
});

/** Registers one device of a new account. */
export async function register(acceptor: Acceptor, index: number, provider: 'apns' | 'fcm'): Promise<Device> {
  const { token, secondToken } = provider === 'apns' ? apnsTokens(index) : { token: `fcm-token-${index}` };
  const fields = {
    provider: provider === 'apns' ? 'tigase:messenger:apns:1' : 'fcm-xmpp-api',
    'device-token': token,
    ...(secondToken !== undefined && { 'device-second-token': secondToken }),
  };
  const id = `register-${index}`;
  const from = `user${index}@localhost/phone`;
  const written = Object.entries(fields).map(([name, value]) => `<field var='${name}'><value>${value}</value></field>`);
  const answer = await acceptor.request(
    {
      id,
      from,
      to: 'push.localhost',
      xml:
        `<iq type='set' id='${id}' from='${from}' to='push.localhost'>` +
        `<command xmlns='http://jabber.org/protocol/commands' node='register-device'>` +
        `<x xmlns='jabber:x:data' type='submit'>${written.join('')}</x></command></iq>`,
    },
    20_000,
  );
  if (answer.kind !== 'result') throw new Error(`registering: ${answerWord(answer)}`);
  const answered = answer.stanza.getChild('command')?.getChild('x')?.getChildren('field') ?? [];
  const node = answered.find((field) => field.attrs['var'] === 'node')?.getChildText('value') ?? '';
  return { token, node, provider, ...(secondToken !== undefined && { secondToken }) };
}

/** A sealed publish: a message, a call or something unimportant. */
export function publish(id: string, node: string, ciphertext: string, kind: 'alert' | 'call' | 'background'): string {
  return (
    `<iq type='set' from='localhost' to='push.localhost' id='${id}'><pubsub xmlns='http://jabber.org/protocol/pubsub'>` +
    `<publish node='${node}'><item><notification xmlns='urn:xmpp:push:0'><encrypted xmlns='tigase:push:encrypt:0' ` +
    `iv='AAECAwQFBgcICQoL'${kind === 'call' ? " type='voip'" : ''}>${ciphertext}</encrypted>` +
    `<priority xmlns='tigase:push:priority:0'>${kind === 'background' ? 'low' : 'high'}</priority></notification></item></publish></pubsub></iq>`
  );
}
