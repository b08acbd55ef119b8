/**
 * The floor: one process that does the work of the server bare. It is a strict component (XEP-0114) with Sealpost's own
 * parser; for each publish it checks the base64, finds the device in SQLite, composes the request, sends it with undici
 * and answers when the provider has answered. It has no limits, deadlines, metrics, log, guard or outbox.
 */
import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { attribute, child, type Element, escapeXml, text } from '../../src/xmpp/stream/element.ts';
import { LINK_LIMITS } from '../../src/xmpp/stream/limits.ts';
import { NS } from '../../src/xmpp/stream/namespaces.ts';
import { createParser } from '../../src/xmpp/stream/parser.ts';
import { answerCalls } from './calls.ts';
import { storeDevices } from './floor-devices.ts';
import { composeLike, type Content } from './floor-payload.ts';
import { createFloorSender } from './floor-sender.ts';
import { componentSecret, domains, type FloorCalls, type FloorStart } from './protocol.ts';
import { readOwnUsage, resetPeak } from './usage.ts';

answerCalls<FloorCalls>({
  connect: startFloor,
  usage: readOwnUsage,
  async resetPeak() {
    await resetPeak('self');
    return undefined;
  },
});

function startFloor({ service, provider, target, template, devices, folder }: FloorStart): Promise<undefined> {
  const find = storeDevices(folder, devices);
  const compose = composeLike(provider, template);
  const sender = createFloorSender(provider, target);
  const { hostname, port } = new URL(service);

  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    let unsent = '';
    const flush = () => {
      socket.write(unsent);
      unsent = '';
    };
    const write = (xml: string) => {
      // All answers of one turn go out in one write.
      if (unsent === '') setImmediate(flush);
      unsent += xml;
    };

    function take(stanza: Element): void {
      const content = readPublish(stanza);
      const node = content?.node;
      const device = node === undefined ? undefined : find(node);
      if (!content || !device) return write(answerTo(stanza, 'error'));
      sender.send(compose({ ...content, ...device }), (status, body) => {
        write(answerTo(stanza, isAccepted(status, body) ? 'result' : 'error'));
      });
    }

    const parser = createParser(LINK_LIMITS, {
      header(header) {
        const hash = createHash('sha1').update((attribute(header, 'id') ?? '') + componentSecret);
        write(`<handshake>${hash.digest('hex')}</handshake>`);
      },
      stanza(stanza) {
        if (stanza.name === 'handshake') resolve(undefined);
        else take(stanza);
      },
      skipped: (reason) => reject(new Error(`a stanza was skipped: ${reason}`)),
      end: () => socket.end(),
      error: reject,
    });
    socket.on('data', (bytes) => parser.write(bytes));
    socket.on('error', reject);
    write(
      `<?xml version='1.0'?><stream:stream xmlns='${NS.component}' xmlns:stream='${NS.stream}' to='${domains.floor}'>`,
    );
  });
}

/** A round trip is the cheapest test: comparing letters with an expression takes several times as long. */
const isBase64 = (value: string) => Buffer.from(value, 'base64').toString('base64') === value;

/** The parts of a sealed publish; undefined if one is missing or not base64. */
function readPublish(stanza: Element): (Pick<Content, 'ciphertext' | 'iv'> & { readonly node: string }) | undefined {
  const pubsub = child(stanza, 'pubsub', NS.pubsub);
  const publish = pubsub && child(pubsub, 'publish', NS.pubsub);
  const item = publish && child(publish, 'item', NS.pubsub);
  const notification = item && child(item, 'notification', NS.push);
  const encrypted = notification && child(notification, 'encrypted', NS.encrypt);
  if (!publish || !encrypted) return undefined;
  const node = attribute(publish, 'node');
  const iv = attribute(encrypted, 'iv');
  const ciphertext = text(encrypted);
  if (!node || !iv || !isBase64(iv) || ciphertext === '' || !isBase64(ciphertext)) return undefined;
  return { node, iv, ciphertext };
}

/** As the server does, it parses the answer's body only if the provider refused. */
function isAccepted(status: number, body: string): boolean {
  if (status === 200) return true;
  if (body !== '') JSON.parse(body);
  return false;
}

function answerTo(stanza: Element, type: 'result' | 'error'): string {
  const [from = '', to = '', id = ''] = ['from', 'to', 'id'].map((name) => escapeXml(attribute(stanza, name) ?? ''));
  return `<iq type='${type}' from='${to}' to='${from}' id='${id}'/>`;
}
