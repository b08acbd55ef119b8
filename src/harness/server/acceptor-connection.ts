/** One component's connection, from the stream header to its end (XEP-0114 sections 3 and 4). */
import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { type Element, escapeXML } from 'ltx';
import { readComponentStream } from './component-stream.ts';
import { bareJid } from './event.ts';
import type { RandomBytes } from '../sealing/sealing.ts';
import { attribute } from './stanza.ts';
import type { Clock } from '../../time/clock.ts';

/** A component that was let in. */
export interface ComponentConnection {
  readonly domain: string;
  /** Sends XML as it is; what is written in one turn of the event loop goes out together. */
  send(xml: string): void;
  /** Ends the stream with an error (RFC 6120 section 4.9.3). */
  fail(condition: string, text?: string): void;
  /** Ends the stream politely and closes the socket. */
  end(): void;
  /** Cuts the connection as a power failure would. */
  destroy(): void;
}

interface ConnectionOptions {
  readonly socket: Socket;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  /** `undefined`: no such host. */
  readonly secretOf: (domain: string) => string | undefined;
  readonly handshakeDeadlineMs: number;
  /** Called after a correct handshake; false refuses with `conflict`. */
  readonly admit: (connection: ComponentConnection) => boolean;
  readonly onStanza: (stanza: Element, connection: ComponentConnection) => void;
  /** Called once for each admitted connection, when its stream has ended: no stanza may take it any more. */
  readonly onEnd: (connection: ComponentConnection) => void;
  /** Called once for each admitted connection, after `onEnd`. */
  readonly onClose: (connection: ComponentConnection) => void;
}

const componentNamespace = 'jabber:component:accept';
const streamErrors = 'urn:ietf:params:xml:ns:xmpp-streams';
/** A component that reads nothing is cut off when this much waits for it, as servers do. */
export const maxUnsentBytes = 64 * 1024 * 1024;

/** Serves one socket until it closes. */
export function acceptComponent(options: ConnectionOptions): void {
  const { socket } = options;
  const streamId = Buffer.from(options.randomBytes(16)).toString('hex');
  let state: 'header' | 'handshake' | 'open' | 'ended' = 'header';
  let domain = '';
  let unsent: string[] = [];
  let connection: ComponentConnection | undefined;

  socket.setNoDelay(true);
  const cancelDeadline = options.clock.after(options.handshakeDeadlineMs, () => fail('connection-timeout'));
  socket.on('data', readComponentStream({ onHeader: takeHeader, onStanza: takeStanza, onEnd: end, onError: fail }));
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    leave();
    cancelDeadline();
    if (connection) options.onClose(connection);
  });

  function leave(): void {
    if (state === 'open' && connection) options.onEnd(connection);
    state = 'ended';
  }

  function takeHeader(header: Readonly<Record<string, string>>): void {
    domain = header['to'] ?? '';
    const known = options.secretOf(domain) !== undefined;
    send(
      `<?xml version='1.0'?><stream:stream xmlns='${componentNamespace}'` +
        ` xmlns:stream='http://etherx.jabber.org/streams' from='${escapeXML(domain)}' id='${streamId}'>`,
    );
    if (header['xmlns'] !== componentNamespace) return fail('invalid-namespace');
    if (!known) return fail('host-unknown');
    state = 'handshake';
  }

  function takeStanza(stanza: Element): void {
    if (state === 'handshake') return takeHandshake(stanza);
    if (state !== 'open' || !connection) return;
    if (!['iq', 'message', 'presence'].includes(stanza.getName())) return fail('unsupported-stanza-type');
    // XEP-0114 leaves it to servers; ejabberd demands both addresses, and all but MongooseIM end the stream.
    const from = attribute(stanza, 'from');
    if (!from || !attribute(stanza, 'to')) return fail('improper-addressing');
    if (bareJid(from).slice(from.indexOf('@') + 1) !== domain) return fail('invalid-from');
    options.onStanza(stanza, connection);
  }

  function takeHandshake(stanza: Element): void {
    const expected = createHash('sha1')
      .update(streamId + (options.secretOf(domain) ?? ''))
      .digest('hex');
    if (stanza.getName() !== 'handshake' || stanza.getText().trim() !== expected) return fail('not-authorized');
    const admitted: ComponentConnection = { domain, send, fail, end, destroy: () => socket.destroy() };
    if (!options.admit(admitted)) return fail('conflict', 'Component already connected');
    connection = admitted;
    state = 'open';
    cancelDeadline();
    send('<handshake/>');
  }

  function send(xml: string): void {
    if (state === 'ended') return;
    if (unsent.length === 0) setImmediate(flush);
    unsent.push(xml);
  }

  function flush(): void {
    if (unsent.length === 0 || socket.destroyed) return;
    const bytes = unsent.join('');
    unsent = [];
    socket.write(bytes);
    if (socket.writableLength > maxUnsentBytes) socket.destroy();
  }

  function fail(condition: string, text?: string): void {
    if (state === 'ended') return;
    const explanation = text ? `<text xmlns='${streamErrors}'>${escapeXML(text)}</text>` : '';
    send(`<stream:error><${condition} xmlns='${streamErrors}'/>${explanation}</stream:error>`);
    end();
  }

  function end(): void {
    if (state === 'ended') return;
    send('</stream:stream>');
    leave();
    flush();
    socket.end();
  }
}
