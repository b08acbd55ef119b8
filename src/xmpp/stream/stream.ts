/**
 * One stream to the XMPP server (XEP-0114): connect, header, handshake, stanzas, end. `@xmpp/component` writes the header
 * and the handshake; it sees the server's header and acknowledgement and nothing else. Socket and parser are ours, put in
 * by its public properties, because its own let a remote user end the process or stall it. Stream errors are kept from
 * it as well: it would follow `see-other-host` to any address and prove the secret there.
 */
import { EventEmitter } from 'node:events';
import { component, xml } from '@xmpp/component';
import type { Clock } from '../../time/clock.ts';
import type { Secret } from '../../core/secret.ts';
import type { XmlError } from './characters.ts';
import { attribute, childElements, type Element } from './element.ts';
import type { LinkLimits, LinkTiming } from './limits.ts';
import { type LossReason, streamErrorReason } from './disconnect-reasons.ts';
import { NS } from './namespaces.ts';
import { createParser, type SkipReason } from './parser.ts';
import { openSocket, type SocketStage, type StreamSocket } from './socket.ts';

export interface StreamOptions {
  readonly service: string;
  readonly domain: string;
  readonly secret: Secret;
  readonly ca: string | undefined;
  readonly clock: Clock;
  readonly limits: LinkLimits;
  readonly timing: LinkTiming;
}

export interface StreamEvents {
  /** The server accepted us. No stanza is handed out before. */
  online(): void;
  /** Anything came, if only white space. */
  heard(): void;
  stanza(element: Element): void;
  skipped(reason: SkipReason, head: Element | undefined): void;
  drained(): void;
  /** Once; nothing is handed out afterwards. `detail` is a word for the log. */
  lost(reason: LossReason, detail?: string): void;
  /** The socket is gone; after `lost` or `finish`. */
  closed(): void;
}

export interface ComponentStream extends Pick<
  StreamSocket,
  'write' | 'pause' | 'resume' | 'unsentBytes' | 'sentBytes'
> {
  /** Ends it: what was written leaves, then `</stream:stream>`. What still comes is ignored. */
  finish(): void;
  /** Gives it up. */
  abort(reason: LossReason): void;
  destroy(): void;
}

const CLOSING_TAG = '</stream:stream>';

/** Starts to connect. */
export function openStream(options: StreamOptions, events: StreamEvents): ComponentStream {
  const { service, domain, secret, ca, clock, limits, timing } = options;
  let phase: 'connecting' | 'header' | 'handshake' | 'online' | 'ended' = 'connecting';
  let connected = false;
  let cancelTimeout = clock.after(timing.connectMs, () => lose('connect-timeout'));
  const opening = createOpening(domain, secret, timing, (text) => socket.write(text));

  const parser = createParser(limits, {
    header(element) {
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
      else if (phase === 'online') events.stanza(element);
      else if (element.namespace === NS.component && element.name === 'handshake') {
        phase = 'online';
        cancelTimeout();
        opening.acknowledged();
        events.online();
      }
    },
    skipped(reason, head) {
      if (phase === 'online') events.skipped(reason, head);
      // No user is behind what comes before we are accepted: it was the answer to the handshake.
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

  function expect(reason: LossReason, withinMs: number): void {
    cancelTimeout();
    cancelTimeout = clock.after(withinMs, () => lose(reason));
  }

  function loseToError(error: Element): void {
    const condition = childElements(error).find((each) => each.namespace === NS.streamErrors && each.name !== 'text');
    lose(streamErrorReason(condition?.name));
  }

  function loseToXml(error: XmlError): void {
    if (phase === 'ended') return;
    socket.write(`<stream:error><${error.condition} xmlns='${NS.streamErrors}'/></stream:error>`);
    lose('malformed', error.condition);
  }

  function lose(reason: LossReason, detail?: string): void {
    if (phase === 'ended') return;
    close();
    events.lost(reason, detail);
  }

  function close(): void {
    phase = 'ended';
    parser.stop();
    opening.cancel();
    cancelTimeout();
    if (!connected) {
      socket.destroy();
      return;
    }
    socket.write(CLOSING_TAG);
    socket.end();
    // So that the server's end is seen; a socket closed with unread input is reset, and our last answers with it.
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
      if (phase !== 'ended') close();
    },
    abort: (reason) => lose(reason),
    destroy: () => socket.destroy(),
  };
}

function closingReason(stage: SocketStage, error: string | undefined): LossReason {
  if (stage === 'unconnected') return 'connect-failed';
  if (stage === 'unsecured') return 'tls-failed';
  return error === undefined ? 'closed' : 'reset';
}

/** The library's part of a stream. */
interface Opening {
  connected(): void;
  header(id: string): void;
  acknowledged(): void;
  /** Lets its pending promises and timers go. */
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
  // It would wait for a second and try again, for ever; `link.ts` knows better.
  entity.reconnect.stop();
  // Ours end first, and take the library's with them.
  entity.timeout = timing.headerMs + timing.handshakeMs + 1_000;
  entity.on('error', () => {});
  entity.socketParameters = () => ({});
  entity.Socket = constructorOf(librarySocket);
  entity.Parser = constructorOf(libraryParser);
  // Not `start`: it leaves a promise behind that nobody can catch when the header never comes.
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

/** The library hashes the low byte of each UTF-16 unit; servers hash UTF-8. This makes one out of the other. */
function bytesAsUnits(value: string): string {
  return Buffer.from(value, 'utf8').toString('latin1');
}

/** The library constructs one socket and one parser per stream, and there is one stream. */
function constructorOf<T extends object>(instance: T): new () => T {
  return function construct() {
    return instance;
  } as unknown as new () => T;
}
