import { createHash } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { type Element, parse } from 'ltx';
import type { RealServer } from './server.ts';

/**
 * A second component of the same real server, `load.localhost`, that publishes as a server would. It reconnects by
 * itself and counts publishes under way at a disconnect as lost, not as unanswered.
 */
export interface Load {
  readonly isConnected: boolean;
  /** Number of answers to each publish, by its number. */
  readonly answers: readonly number[];
  /** Registers a device of an account of `load.localhost` and resolves with its node. */
  register(token: string): Promise<string>;
  /** Publishes and returns the number; undefined if not connected. */
  publish(node: string): number | undefined;
  /** Publishes without answer on a connection that is still open. */
  unanswered(): number[];
  close(): void;
}

export function startLoad(server: RealServer): Load {
  const answers: number[] = [];
  let sentHere: number[] = [];
  let socket: Socket | undefined;
  let isConnected = false;
  let closed = false;
  const waiting = new Map<string, (stanza: Element) => void>();

  function open(): void {
    if (closed) return;
    let text = '';
    const current = connect(server.componentPort, '127.0.0.1', () => {
      current.write(
        `<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' to='load.localhost'>`,
      );
    });
    socket = current;
    current.setEncoding('utf8');
    current.on('data', (data: string) => {
      text += data;
      if (!isConnected) {
        const id = /<stream:stream[^>]*\sid=['"]([^'"]*)['"]/.exec(text)?.[1];
        if (id !== undefined && !text.includes('<handshake')) {
          const proof = createHash('sha1').update(`${id}${server.secret}`).digest('hex');
          text = text.replace(/^[\s\S]*?<stream:stream[^>]*>/, '');
          current.write(`<handshake>${proof}</handshake>`);
        }
        if (!/<handshake[^>]*\/>|<handshake><\/handshake>/.test(text)) return;
        text = text.replace(/^[\s\S]*?(<handshake[^>]*\/>|<handshake><\/handshake>)/, '');
        isConnected = true;
        sentHere = [];
      }
      for (;;) {
        const end = /^\s*(<iq\b[^>]*\/>|<iq\b[\s\S]*?<\/iq>)/.exec(text);
        if (!end?.[1]) return;
        text = text.slice(end[0].length);
        take(parse(end[1]));
      }
    });
    current.on('error', () => {});
    current.on('close', () => {
      isConnected = false;
      sentHere = [];
      setTimeout(open, 50);
    });
  }

  function take(stanza: Element): void {
    const { id, type } = stanza.attrs as { id?: string; type?: string };
    if (type !== 'result' && type !== 'error') return;
    const number = /^load-(\d+)$/.exec(id ?? '')?.[1];
    if (number !== undefined) answers[Number(number)] = (answers[Number(number)] ?? 0) + 1;
    waiting.get(id ?? '')?.(stanza);
  }

  open();
  return {
    get isConnected() {
      return isConnected;
    },
    answers,
    register(token) {
      return new Promise((resolve) => {
        const id = `register-${token}`;
        waiting.set(id, (stanza) => {
          const fields = stanza.getChild('command')?.getChild('x')?.getChildren('field') ?? [];
          resolve(fields.find((field) => field.attrs['var'] === 'node')?.getChildText('value') ?? '');
        });
        socket?.write(
          `<iq type='set' id='${id}' from='someone@load.localhost/phone' to='push.localhost'>` +
            `<command xmlns='http://jabber.org/protocol/commands' node='register-device'><x xmlns='jabber:x:data' type='submit'>` +
            `<field var='provider'><value>tigase:messenger:apns:1</value></field>` +
            `<field var='device-token'><value>${token}</value></field></x></command></iq>`,
        );
      });
    },
    publish(node) {
      if (!isConnected || !socket) return undefined;
      const number = answers.push(0) - 1;
      sentHere.push(number);
      socket.write(
        `<iq type='set' id='load-${number}' from='load.localhost' to='push.localhost'>` +
          `<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='${node}'><item><notification xmlns='urn:xmpp:push:0'>` +
          `<encrypted xmlns='tigase:push:encrypt:0' iv='AAECAwQFBgcICQoL'>AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=</encrypted>` +
          `<priority xmlns='tigase:push:priority:0'>high</priority></notification></item></publish></pubsub></iq>`,
      );
      return number;
    },
    unanswered: () => sentHere.filter((number) => answers[number] === 0),
    close() {
      closed = true;
      socket?.destroy();
    },
  };
}
