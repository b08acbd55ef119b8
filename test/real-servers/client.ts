import { client, type Client, xml } from '@xmpp/client';
import { type Element, parse } from 'ltx';
import type { RealServer } from './server.ts';

/** A person with a phone: a real XMPP client on a real server. */
export interface Person {
  /** Sends an IQ given as text and resolves with the result; rejects with the condition of an error. */
  request(stanza: string): Promise<Element>;
  send(stanza: string): Promise<void>;
  /** Closes the stream, like a phone that sleeps for good. */
  leave(): Promise<void>;
}

/** @param resource ejabberd keeps the latest session of each, and what that one enabled */
export async function signIn(server: RealServer, name: string, resource = 'phone'): Promise<Person> {
  const connection: Client = client({
    service: `xmpp://127.0.0.1:${server.clientPort}`,
    domain: server.domain,
    resource,
    // SCRAM's iterations in JavaScript would block this process for up to a second.
    credentials: (authenticate) => authenticate({ username: name, password: `${name}pw` }, 'PLAIN'),
  });
  // Failures show in the calls that they break.
  connection.on('error', () => {});
  // After a failed start it would reconnect for ever, and the process would never end.
  connection.reconnect.stop();
  try {
    await connection.start();
    await connection.send(xml('presence'));
  } catch (error) {
    await hangUp(connection);
    throw error;
  }
  return {
    request: (stanza) => connection.iqCaller.request(parse(stanza), 10_000),
    send: (stanza) => connection.send(parse(stanza)),
    leave: () => hangUp(connection),
  };
}

async function hangUp(connection: Client): Promise<void> {
  const { socket } = connection;
  // A socket that the server does not close in time is abandoned; its next error would fail the process.
  socket?.on('error', () => {});
  await connection.stop();
  socket?.destroy();
}

/** Registers as Siskin does and returns the fields of the answer's form. */
export async function registerDevice(
  person: Person,
  component: string,
  fields: Record<string, string>,
): Promise<Record<string, string>> {
  const submitted = Object.entries(fields).map(
    ([name, value]) => `<field var='${name}' type='text-single'><value>${value}</value></field>`,
  );
  const answer = await person.request(
    `<iq type='set' to='${component}'><command xmlns='http://jabber.org/protocol/commands' node='register-device'>` +
      `<x xmlns='jabber:x:data' type='submit'>${submitted.join('')}</x></command></iq>`,
  );
  const form = answer.getChild('command')?.getChild('x');
  return Object.fromEntries(
    (form?.getChildren('field') ?? []).map((field) => [field.attrs['var'], field.getChildText('value') ?? '']),
  );
}
