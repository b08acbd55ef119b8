/**
 * The lowest cost of a strict component (XEP-0114): a socket and Sealpost's own parser. It reads the parts of a
 * notification, answers `result`, all answers of one packet in one write, and does nothing else.
 */
import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { attribute, child, type Element, escapeXml, text } from '../../src/xmpp/stream/element.ts';
import { LINK_LIMITS } from '../../src/xmpp/stream/limits.ts';
import { NS } from '../../src/xmpp/stream/namespaces.ts';
import { createParser } from '../../src/xmpp/stream/parser.ts';
import { answerCalls } from './calls.ts';
import { type ComponentCalls, componentSecret } from './protocol.ts';
import { readOwnUsage } from './usage.ts';

answerCalls<ComponentCalls>({
  connect: ({ service, domain }) => connectComponent(service, domain),
  usage: readOwnUsage,
});

function connectComponent(service: string, domain: string): Promise<undefined> {
  const { hostname, port } = new URL(service);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    let unsent = '';
    const parser = createParser(LINK_LIMITS, {
      header(header) {
        const id = attribute(header, 'id') ?? '';
        const hash = createHash('sha1').update(id + componentSecret);
        unsent += `<handshake>${hash.digest('hex')}</handshake>`;
      },
      stanza(stanza) {
        if (stanza.name === 'handshake') resolve(undefined);
        else unsent += answerTo(stanza);
      },
      skipped: (reason) => reject(new Error(`a stanza was skipped: ${reason}`)),
      end: () => socket.end(),
      error: reject,
    });
    socket.on('data', (bytes) => {
      parser.write(bytes);
      if (unsent) socket.write(unsent);
      unsent = '';
    });
    socket.on('error', reject);
    socket.write(
      `<?xml version='1.0'?><stream:stream xmlns='${NS.component}' xmlns:stream='${NS.stream}' to='${domain}'>`,
    );
  });
}

function answerTo(stanza: Element): string {
  const addresses = ['from', 'to', 'id'].map((name) => escapeXml(attribute(stanza, name) ?? ''));
  const [from = '', to = '', id = ''] = addresses;
  const type = isSealed(stanza) ? 'result' : 'error';
  return `<iq type='${type}' from='${to}' to='${from}' id='${id}'/>`;
}

/** Whether node, IV and ciphertext are present. */
function isSealed(stanza: Element): boolean {
  const pubsub = child(stanza, 'pubsub', NS.pubsub);
  const publish = pubsub && child(pubsub, 'publish', NS.pubsub);
  const item = publish && child(publish, 'item', NS.pubsub);
  const notification = item && child(item, 'notification', NS.push);
  const encrypted = notification && child(notification, 'encrypted', NS.encrypt);
  if (!publish || !encrypted) return false;
  return Boolean(attribute(publish, 'node') && attribute(encrypted, 'iv') && text(encrypted));
}
