/**
 * One stream to the XMPP server (XEP-0114): connect, header, handshake, stanzas, end. `@xmpp/component` writes header
 * and handshake, and sees the server's header and acknowledgement only. Socket and parser are ours, set through its
 * public properties, since its own ones let a remote user end or stall the process. It gets no stream errors either,
 * since it would follow `see-other-host` to any address and authenticate there.
 */
import { EventEmitter } from 'node:events';
import { component, xml } from '@xmpp/component';
import type { Clock } from '../../time/clock.ts';
import type { Secret } from '../../core/secret.ts';
import type { XmlError } from './characters.ts';
import { attribute, childElements, type Element } from './element.ts';
import type { LinkLimits, LinkTiming } from './limits.ts';
import { type DisconnectReason, streamErrorReason } from './disconnect-reasons.ts';
import { NS } from './namespaces.ts';
import { createParser, type SkipReason } from './parser.ts';
import { openSocket, type SocketStage, type StreamSocket } from './socket.ts';

/** Settings and dependencies of a stream. */
export interface StreamOptions {
  readonly service: string;
  readonly domain: string;
  readonly secret: Secret;
  readonly ca: string | undefined;
  readonly clock: Clock;
  readonly limits: LinkLimits;
  readonly timing: LinkTiming;
}

/** Events of a stream. */
export interface StreamEvents {
  /** The server accepted us. No stanza is reported before. */
  online(): void;
  /** Any data arrived, even white space. */
  heard(): void;
  stanza(element: Element): void;
  skipped(reason: SkipReason, head: Element | undefined): void;
  drained(): void;
  /** Called once; no stanza is reported afterwards. `detail` is a word for the log. */
  lost(reason: DisconnectReason, detail?: string): void;
  /** The socket is closed. Called after `lost` or `finish`. */
  closed(): void;
}

/** One stream to the XMPP server. */
export interface ComponentStream extends Pick<
  StreamSocket,
  'write' | 'pause' | 'resume' | 'unsentBytes' | 'sentBytes'
> {
  /**
   * Sends what was written and then `</stream:stream>`. Stanzas that are on their way by then are still reported; they cannot be
   * answered (RFC 6120 section 4.4).
   */
  finish(): void;
  /** Ends the stream for this reason. */
  abort(reason: DisconnectReason): void;
  destroy(): void;
}

const CLOSING_TAG = '</stream:stream>';

/** Starts to connect. */
export function openStream(options: StreamOptions, events: StreamEvents): ComponentStream {
  const { service, domain, secret, ca, clock, limits, timing } = options;
  let phase: 'connecting' | 'header' | 'handshake' | 'online' | 'closing' | 'ended' = 'connecting';
  let connected = false;
  let cancelTimeout = clock.after(timing.connectMs, () => lose('connect-timeout'));
  const opening = createOpening(domain, secret, timing, (text) => socket.write(text));

  const parser = createParser(limits, {
    header(element, stanzaNamespace) {
      if (phase === 'header' && (stanzaNamespace === NS.client || stanzaNamespace === NS.server)) {
        lose('wrong-port', stanzaNamespace);
        return;
      }
      const id = attribute(element, 'id');
      if (phase !== 'header' || id === undefined) {
        lose('malformed', 'no-stream-id');
        return;
      }
      phase = 'handshake';
      expect('handshake-timeout', timing.handshakeMs);
      opening.header(id);
    },
    stanza(element) {
      if (element.namespace === NS.stream && element.name === 'error') loseToError(element);
      else if (phase === 'online' || phase === 'closing') events.stanza(element);
      else if (element.namespace === NS.component && element.name === 'handshake') {
        phase = 'online';
        cancelTimeout();
        opening.acknowledged();
        events.online();
      }
    },
    skipped(reason, head) {
      if (phase === 'online' || phase === 'closing') events.skipped(reason, head);
      // Before we are accepted no user's stanza arrives, so this was the server's answer to the handshake.
      else lose('malformed', reason);
    },
    end: () => lose('stream-ended'),
    error: loseToXml,
  });

  const socket = openSocket(service, ca, {
    connected() {
      if (phase !== 'connecting') return;
      connected = true;
      phase = 'header';
      expect('header-timeout', timing.headerMs);
      opening.connected();
    },
    data(bytes) {
      events.heard();
      parser.write(bytes);
    },
    drained: () => events.drained(),
    closed(stage, error) {
      lose(closingReason(stage, error), error);
      cancelTimeout();
      events.closed();
    },
  });

  function expect(reason: DisconnectReason, withinMs: number): void {
    cancelTimeout();
    cancelTimeout = clock.after(withinMs, () => lose(reason));
  }

  function loseToError(error: Element): void {
    const condition = childElements(error).find((each) => each.namespace === NS.streamErrors && each.name !== 'text');
    lose(streamErrorReason(condition?.name));
  }

  function loseToXml(error: XmlError): void {
    if (phase === 'closing' || phase === 'ended') return;
    socket.write(`<stream:error><${error.condition} xmlns='${NS.streamErrors}'/></stream:error>`);
    lose('malformed', error.condition);
  }

  function lose(reason: DisconnectReason, detail?: string): void {
    if (phase === 'closing' || phase === 'ended') return;
    parser.stop();
    close('ended');
    events.lost(reason, detail);
  }

  function close(next: 'closing' | 'ended'): void {
    phase = next;
    opening.cancel();
    cancelTimeout();
    if (!connected) {
      socket.destroy();
      return;
    }
    socket.write(CLOSING_TAG);
    socket.end();
    // Reads on until the server's end. A socket closed with unread input is reset, which loses our last answers.
    socket.resume();
    cancelTimeout = clock.after(timing.closeMs, () => socket.destroy());
  }

  return {
    write: (text) => {
      if (phase === 'online') socket.write(text);
    },
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    get unsentBytes() {
      return socket.unsentBytes;
    },
    get sentBytes() {
      return socket.sentBytes;
    },
    finish() {
      if (phase === 'closing' || phase === 'ended') return;
      if (phase !== 'online') parser.stop();
      close(phase === 'online' ? 'closing' : 'ended');
    },
    abort: (reason) => lose(reason),
    destroy: () => socket.destroy(),
  };
}

function closingReason(stage: SocketStage, error: string | undefined): DisconnectReason {
  if (stage === 'unconnected') return 'connect-failed';
  if (stage === 'unsecured') return 'tls-failed';
  return error === undefined ? 'closed' : 'reset';
}

/** The library's part in opening a stream. */
interface Opening {
  connected(): void;
  header(id: string): void;
  acknowledged(): void;
  /** Releases its pending promises and timers. */
  cancel(): void;
}

function createOpening(domain: string, secret: Secret, timing: LinkTiming, write: (text: string) => void): Opening {
  const librarySocket = Object.assign(new EventEmitter(), {
    connect() {},
    write(text: string, done: () => void) {
      write(text);
      done();
    },
    end() {},
  });
  const libraryParser = Object.assign(new EventEmitter(), { write() {} });
  const entity = component({
    service: '',
    domain,
    password: (authenticate) => authenticate(bytesAsUnits(secret.reveal())),
  });
  // It would retry every second for ever; `link.ts` reconnects instead.
  entity.reconnect.stop();
  // Our time-outs end first and cancel the library's part.
  entity.timeout = timing.headerMs + timing.handshakeMs + 1_000;
  entity.on('error', () => {});
  entity.socketParameters = () => ({});
  entity.Socket = constructorOf(librarySocket);
  entity.Parser = constructorOf(libraryParser);
  // `start` would leave a promise that nobody can catch if the header never comes.
  entity
    .connect('')
    .then(() => entity.open({ domain }))
    .catch(() => {});

  return {
    connected: () => void librarySocket.emit('connect'),
    header: (id) => void libraryParser.emit('start', xml('stream:stream', { id: bytesAsUnits(id) })),
    acknowledged: () => void libraryParser.emit('element', xml('handshake', {})),
    cancel: () => void librarySocket.emit('error', new Error('the connection ended')),
  };
}

/** Converts the value, since the library hashes the low byte of each UTF-16 unit and servers hash UTF-8. */
function bytesAsUnits(value: string): string {
  return Buffer.from(value, 'utf8').toString('latin1');
}

/** The library constructs one socket and one parser per stream. */
function constructorOf<T extends object>(instance: T): new () => T {
  return function construct() {
    return instance;
  } as unknown as new () => T;
}
