/** One connection from its first packet to its last: a stream, its requests under way, its flow control, its pings. */
import { domainOf } from '../../core/jid.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { attribute, escapeXml } from '../stream/element.ts';
import { createRequests } from './requests.ts';
import type { StanzaHandler } from '../services/iq.ts';
import { NS } from '../stream/namespaces.ts';
import type { LossReason } from '../stream/disconnect-reasons.ts';
import { openStream, type StreamOptions } from '../stream/stream.ts';
import { createWatchdog, type Watchdog } from './watchdog.ts';

export interface SessionOptions extends StreamOptions {
  readonly handle: StanzaHandler;
  readonly log: Log;
  readonly metrics: Metrics;
}

export interface SessionEvents {
  online(): void;
  /** Once, unless `drain` was called first. */
  lost(reason: LossReason, detail?: string): void;
}

export interface Session {
  /** When the server was last heard, monotonic milliseconds; undefined while it has not accepted us. */
  readonly heardMs: number | undefined;
  /** Puts a stanza of ours on its way, to which no answer is expected; false when the server cannot take it now. */
  send(xml: string): boolean;
  /**
   * Answers what is under way and refuses what comes, then ends the stream. Resolves when the socket is closed, at the
   * latest `deadlineMs` from now; then what is still under way has been answered with "not now".
   */
  drain(deadlineMs: number): Promise<void>;
}

/** How often time-outs are looked at; all of them are seconds. */
const TICK_MS = 1_000;

/** Some 4 KB a second, towards a server that may be hung. */
const PINGS_AT_ONCE_MAX = 32;

/** Starts to connect. A session that was lost is of no more use. */
export function openSession(options: SessionOptions, events: SessionEvents): Session {
  const { domain, clock, limits, timing, log, metrics } = options;
  let watchdog: Watchdog | undefined;
  let stanzaSinceTick = false;
  let paused = false;
  let pings = 0;
  let pingsAtOnce = 1;
  let cancelTick = () => {};
  const closed = Promise.withResolvers<void>();

  const exchange = createRequests({
    ...options,
    answerMs: timing.answerMs,
    reply(xml) {
      watchdog?.wrote();
      stream.write(xml);
    },
    settled: regulate,
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
      // Our own pings come round every few seconds; they say nothing about whether anybody else can reach us.
      stanzaSinceTick ||= attribute(element, 'from') !== domain;
      exchange.receive(element);
      regulate();
    },
    skipped(reason, head) {
      countRejected(reason);
      const from = head && attribute(head, 'from');
      log.debug(
        { link: domain, ...(from !== undefined && { domain: domainOf(from) }), reason },
        'a stanza was skipped',
      );
      if (head) exchange.refuse(head);
    },
    drained: regulate,
    lost(reason, detail) {
      cancelTick();
      watchdog = undefined;
      events.lost(reason, detail);
    },
    closed: () => closed.resolve(),
  });

  function countRejected(reason: string): void {
    metrics.stanzasRejected.inc({ link: domain, reason });
  }

  /** Reads on or stops reading, as much as is under way and unsent. */
  function regulate(): void {
    const { underWay, underWayBytes } = exchange;
    const { inFlight, inFlightBytes, unsentBytes } = limits;
    const full = underWay >= inFlight || underWayBytes >= inFlightBytes || stream.unsentBytes > unsentBytes;
    // Not at once, so that it does not stop again at the next packet; soon, for what is under way may hang for seconds.
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
    exchange.expire();
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
   * XEP-0199. It goes to our own domain, the only one of which we know that this server routes it, and so comes back to
   * us; we answer, and the answer comes back too. Anything that comes shows that the server reads and writes.
   *
   * Where a domain has several connections (ejabberd), each of the two takes any of them. So they come in ever greater
   * numbers: with 16 connections nothing of some 190 pings reaches this one once in 10^10 times.
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
      exchange.refuseNew();
      const closingMs = Math.min(timing.closeMs, deadlineMs / 4);
      const late = clock.after(deadlineMs - closingMs, () => exchange.giveUp());
      await Promise.race([exchange.whenIdle(), closed.promise]);
      late();
      cancelTick();
      stream.finish();
      const tooLate = clock.after(closingMs, () => stream.destroy());
      await closed.promise;
      tooLate();
    },
  };
}
