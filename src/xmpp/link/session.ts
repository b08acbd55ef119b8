/** One connection of the link, from connecting to closing: its stream, requests under way, flow control and pings. */
import { domainOf } from '../../core/jid.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { attribute, escapeXml } from '../stream/element.ts';
import { createRequests } from './requests.ts';
import type { StanzaHandler } from '../services/iq.ts';
import { NS } from '../stream/namespaces.ts';
import type { DisconnectReason } from '../stream/disconnect-reasons.ts';
import { openStream, type StreamOptions } from '../stream/stream.ts';
import { createWatchdog, type Watchdog } from './watchdog.ts';

/** Settings and dependencies of a session. */
export interface SessionOptions extends StreamOptions {
  readonly handle: StanzaHandler;
  /** Gets answers that are made when the stream was ended by `drain`, or was lost during it. Absent: they are lost. */
  readonly handOver?: ((xml: string) => void) | undefined;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Events of a session. */
export interface SessionEvents {
  online(): void;
  /** Called once, unless `drain` was called first. */
  lost(reason: DisconnectReason, detail?: string): void;
}

/** One connection of a link. */
export interface Session {
  /** When the server last sent anything, in monotonic milliseconds; undefined until the server has accepted us. */
  readonly heardMs: number | undefined;
  /** Sends a stanza that needs no answer; false if the server cannot take it now. */
  send(xml: string): boolean;
  /**
   * Answers requests under way, and those that arrive meanwhile, and ends the stream at the first moment without any. If
   * there is none, reading stops shortly before the time is over, and the answers to what comes after that are handed over.
   * Resolves when the socket is closed and those are handled, within `deadlineMs`. Requests that are still under way when the
   * stream has to end get `wait` with `internal-server-error`.
   */
  drain(deadlineMs: number): Promise<void>;
  /** Number of answers so far that were made for `handOver`. */
  readonly lateAnswers: number;
}

/** Interval for checking the time-outs, all of which are seconds long. */
const TICK_MS = 1_000;

/** Milliseconds for the last answers: a publish is stored and answered in a part of it. */
const lastAnswersMs = 250;

/** About 4 KB a second to a server that may hang. */
const PINGS_AT_ONCE_MAX = 32;

/** Starts to connect. A session whose connection was lost cannot be used again. */
export function openSession(options: SessionOptions, events: SessionEvents): Session {
  const { domain, clock, handOver, limits, timing, log, metrics } = options;
  let watchdog: Watchdog | undefined;
  let stanzaSinceTick = false;
  let paused = false;
  /** Nothing is read, whatever room there is. */
  let isStopped = false;
  let isDraining = false;
  /** Nothing can be sent any more (RFC 6120 section 4.4), and no other connection of this link follows. */
  let isClosing = false;
  let lateAnswers = 0;
  let pings = 0;
  let pingsAtOnce = 1;
  let cancelTick = () => {};
  const closed = Promise.withResolvers<void>();

  const requests = createRequests({
    ...options,
    answerMs: timing.answerMs,
    reply(xml) {
      if (isClosing) {
        lateAnswers += 1;
        handOver?.(xml);
        return;
      }
      watchdog?.wrote();
      stream.write(xml);
    },
    finished: regulate,
    rejected: countRejected,
  });

  const stream = openStream(options, {
    online() {
      watchdog = createWatchdog({ timing, startedMs: clock.monotonic() });
      cancelTick = clock.after(TICK_MS, tick);
      events.online();
    },
    heard() {
      watchdog?.heard(clock.monotonic());
    },
    stanza(element) {
      // Our own pings return every few seconds and do not show that anybody else can reach us.
      stanzaSinceTick ||= attribute(element, 'from') !== domain;
      requests.receive(element);
      regulate();
    },
    skipped(reason, head) {
      countRejected(reason);
      const from = head && attribute(head, 'from');
      log.debug(
        { link: domain, ...(from !== undefined && { domain: domainOf(from) }), reason },
        'a stanza was skipped',
      );
      if (head) requests.refuse(head);
    },
    drained: regulate,
    lost(reason, detail) {
      cancelTick();
      watchdog = undefined;
      isClosing ||= isDraining;
      events.lost(reason, detail);
    },
    closed: () => closed.resolve(),
  });

  function countRejected(reason: string): void {
    metrics.stanzasRejected.inc({ link: domain, reason });
  }

  /** Pauses or resumes reading, depending on how much is under way and unsent. */
  function regulate(): void {
    if (isStopped) return;
    const { underWay, underWayBytes } = requests;
    const { inFlight, inFlightBytes, unsentBytes } = limits;
    const full = underWay >= inFlight || underWayBytes >= inFlightBytes || stream.unsentBytes > unsentBytes;
    // Resumes a little below the limits, so that the next packet does not pause it again, but not far below, since
    // requests under way may hang for seconds.
    const hasRoom = underWay <= inFlight * 0.9 && underWayBytes <= inFlightBytes * 0.9;
    const free = hasRoom && stream.unsentBytes <= unsentBytes / 2;
    if (!paused && full) {
      paused = true;
      stream.pause();
    } else if (paused && free) {
      paused = false;
      stream.resume();
    }
  }

  function tick(): void {
    cancelTick = clock.after(TICK_MS, tick);
    requests.expire();
    regulate();
    if (stanzaSinceTick) metrics.lastStanza.set({ link: domain }, Math.floor(clock.now() / 1_000));
    stanzaSinceTick = false;
    const { unsentBytes, sentBytes } = stream;
    const verdict = watchdog?.check({ nowMs: clock.monotonic(), paused, unsentBytes, sentBytes });
    if (verdict === 'ping') ping();
    else pingsAtOnce = 1;
    if (verdict === 'stalled' || verdict === 'ping-timeout') stream.abort(verdict);
  }

  /**
   * XEP-0199. The ping goes to our own domain, the only one that this server is known to route, so it returns to us, we
   * answer it, and the answer returns too. Whatever arrives shows that the server reads and writes.
   *
   * If a domain has several connections (ejabberd), either of the two may arrive on another one. So the number of pings
   * grows: with 16 connections the chance that none of 190 pings arrives here is 1 in 10^10.
   */
  function ping(): void {
    const address = escapeXml(domain);
    for (let each = 0; each < pingsAtOnce; each += 1) {
      pings += 1;
      stream.write(
        `<iq type='get' id='ping-${pings}' from='${address}' to='${address}'><ping xmlns='${NS.ping}'/></iq>`,
      );
    }
    pingsAtOnce = Math.min(2 * pingsAtOnce, PINGS_AT_ONCE_MAX);
  }

  /** Resolves when no request is under way, nor in a packet that has come already: nobody can answer those afterwards. */
  async function whenQuiet(): Promise<void> {
    do {
      await requests.whenIdle();
      await new Promise(setImmediate);
    } while (requests.underWay > 0);
  }

  return {
    get heardMs() {
      return watchdog?.heardMs;
    },
    send(xml) {
      if (!watchdog || stream.unsentBytes > limits.unsentBytes) return false;
      watchdog.wrote();
      stream.write(xml);
      return true;
    },
    async drain(deadlineMs) {
      if (!watchdog) {
        stream.finish();
        stream.destroy();
        return;
      }
      isDraining = true;
      const closingMs = Math.min(timing.closeMs, deadlineMs / 4);
      const answeringMs = deadlineMs - closingMs;
      const busy = clock.after(Math.max(answeringMs / 2, answeringMs - lastAnswersMs), () => {
        isStopped = true;
        stream.pause();
      });
      const late = clock.after(answeringMs, () => requests.giveUp());
      await Promise.race([whenQuiet(), closed.promise]);
      busy();
      late();
      cancelTick();
      isStopped = paused = false;
      isClosing = true;
      stream.finish();
      const end = Promise.withResolvers<void>();
      const cancelEnd = clock.after(closingMs, () => {
        stream.destroy();
        end.resolve();
      });
      await closed.promise;
      if (closingMs > 0) await Promise.race([requests.whenIdle(), end.promise]);
      cancelEnd();
    },
    get lateAnswers() {
      return lateAnswers;
    },
  };
}
