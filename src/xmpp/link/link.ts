/**
 * The link to one XMPP server as an external component (XEP-0114). It connects, detects a dead connection, backs off
 * and connects again, for as long as Sealpost runs.
 */
import type { Clock, Random } from '../../time/clock.ts';
import type { Secret } from '../../core/secret.ts';
import { type Log, throttleEach } from '../../telemetry/log.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { StanzaHandler } from '../services/iq.ts';
import { LINK_LIMITS, LINK_TIMING, type LinkLimits, type LinkTiming } from '../stream/limits.ts';
import {
  isRefusal,
  DISCONNECT_REASONS,
  disconnectHint,
  type DisconnectReason,
  retryDelay,
} from '../stream/disconnect-reasons.ts';
import { SKIP_REASONS } from '../stream/parser.ts';
import { openSession, type Session } from './session.ts';

export type { StanzaHandler } from '../services/iq.ts';

/** Settings and dependencies of a link. */
export interface LinkOptions {
  /** `xmpp://host:port`, or `xmpps://` for a TLS listener. */
  readonly service: string;
  readonly domain: string;
  readonly secret: Secret;
  /** PEM of the certificate authorities to trust for `xmpps:`; absent: the well-known ones. */
  readonly ca?: string;
  readonly handle: StanzaHandler;
  /** Gets answers that the link cannot send any more once it is being drained. Default: they are lost. */
  readonly handOver?: (xml: string) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly limits?: Partial<LinkLimits>;
  readonly timing?: Partial<LinkTiming>;
}

/** State of a link, as `sealpost_link_up` and readiness show it. */
export type LinkStatus =
  /** `reason`: why the connection before this attempt was lost or refused; absent: it is the first. */
  | { readonly kind: 'connecting'; readonly reason?: DisconnectReason; readonly hint?: string }
  /** `lastPongMs`: when the server last sent anything, in monotonic time; at most `idleMs + pongMs` ago. */
  | { readonly kind: 'online'; readonly sinceMs: number; readonly lastPongMs: number }
  /** The last connection was lost or refused; the next attempt follows in `retryInMs`. */
  | { readonly kind: 'waiting'; readonly reason: DisconnectReason; readonly hint?: string; readonly retryInMs: number }
  | { readonly kind: 'draining' }
  /** Not started yet, or drained. */
  | { readonly kind: 'closed' };

/** Milliseconds between two log lines about connections that end for one reason. */
const logEveryMs = 60_000;

/** A link that `start` keeps connected until `drain`. */
export interface Link {
  readonly service: string;
  readonly domain: string;
  readonly status: LinkStatus;
  /** Connects, and reconnects until drained. Its timers and failing sockets do not keep the process alive. */
  start(): void;
  /** Resolves when the server has accepted the link, if need be at once. Rejects if the link is drained before. */
  whenOnline(): Promise<void>;
  /** Sends a stanza that needs no answer. False, and it is dropped, if the link is down or the server does not read. */
  send(xml: string): boolean;
  /**
   * Answers what arrives until there is a moment without a request under way, or the time is nearly over; ends the stream and
   * does not reconnect. What arrives while the stream is being closed is handled all the same; its answers are handed over.
   * Resolves within `deadlineMs`.
   */
  drain(deadlineMs: number): Promise<void>;
  /** Number of answers so far that came after the end of the stream, while the link was drained or afterwards. */
  readonly lateAnswers: number;
}

type State =
  | { readonly kind: 'connecting'; readonly session: Session }
  | { readonly kind: 'online'; readonly session: Session; readonly sinceMs: number }
  | {
      readonly kind: 'waiting';
      readonly reason: DisconnectReason;
      readonly untilMs: number;
      readonly cancel: () => void;
    }
  | { readonly kind: 'draining' | 'closed' };

export function createLink(options: LinkOptions): Link {
  const { service, domain, secret, ca, handle, handOver, clock, random, log, metrics } = options;
  const limits = { ...LINK_LIMITS, ...options.limits };
  const timing = { ...LINK_TIMING, ...options.timing };
  let state: State = { kind: 'closed' };
  let drained: Session | undefined;
  let failures = 0;
  let lastFailure: DisconnectReason | undefined;
  const mayLog = throttleEach(logEveryMs, clock);
  /** The reason that the log gives for the present outage; undefined: the log has the link up. */
  let saidReason: DisconnectReason | undefined;
  let wasOnline = false;
  const waiters = new Set<PromiseWithResolvers<void>>();

  // A counter rather than 0 or 1, since a domain may have several connections.
  metrics.linkUp.inc({ link: domain }, 0);
  for (const reason of Object.keys(DISCONNECT_REASONS)) {
    metrics.linkReconnects.inc({ link: domain, reason }, 0);
    metrics.linkAttempts.inc({ link: domain, result: reason }, 0);
  }
  metrics.linkAttempts.inc({ link: domain, result: 'online' }, 0);
  for (const reason of REJECTIONS) metrics.stanzasRejected.inc({ link: domain, reason }, 0);

  function connect(): void {
    const session = openSession(
      { service, domain, secret, ca, handle, handOver, clock, log, metrics, limits, timing },
      {
        online: () => becomeOnline(session),
        lost: (reason, detail) => lose(reason, detail),
      },
    );
    state = { kind: 'connecting', session };
  }

  function becomeOnline(session: Session): void {
    state = { kind: 'online', session, sinceMs: clock.monotonic() };
    metrics.linkUp.inc({ link: domain });
    metrics.linkAttempts.inc({ link: domain, result: 'online' });
    const level = saidReason !== undefined || !wasOnline ? 'info' : 'debug';
    log[level]({ link: domain, url: service }, 'component link is up');
    wasOnline = true;
    saidReason = undefined;
    for (const waiter of waiters) waiter.resolve();
    waiters.clear();
  }

  function lose(reason: DisconnectReason, detail: string | undefined): void {
    if (state.kind === 'draining' || state.kind === 'closed') return;
    // Refused, not evicted: the other process keeps the domain, so that asking often costs nobody anything.
    const isStandBy = reason === 'conflict' && state.kind === 'connecting';
    if (state.kind === 'connecting') metrics.linkAttempts.inc({ link: domain, result: reason });
    if (state.kind === 'online') {
      metrics.linkUp.dec({ link: domain });
      metrics.linkReconnects.inc({ link: domain, reason });
      // Processes that evict each other each hold the domain for a while, so after a refusal only a long hold is
      // stable.
      const stableMs = isRefusal(reason) ? timing.refusedMaxMs : timing.stableMs;
      if (clock.monotonic() - state.sinceMs >= stableMs) failures = 0;
    }
    // Refusals and unreachability back off separately, since one says nothing about the other.
    if (lastFailure !== undefined && isRefusal(reason) !== isRefusal(lastFailure)) failures = 0;
    const delayMs = isStandBy ? timing.standByMs * (0.5 + random() / 2) : retryDelay(reason, failures, timing, random);
    report(reason, detail, delayMs);
    failures += 1;
    lastFailure = reason;
    state = { kind: 'waiting', reason, untilMs: clock.monotonic() + delayMs, cancel: clock.after(delayMs, connect) };
  }

  /**
   * Warns when an outage begins and when its reason changes, once a minute at most for each reason. An outage that begins
   * within that minute is told when it lasts longer.
   */
  function report(reason: DisconnectReason, detail: string | undefined, delayMs: number): void {
    const fields = { link: domain, reason: detail ?? reason, durationMs: Math.round(delayMs), ...hinted(reason) };
    const message = `no component link (${reason}); the next attempt follows in ${(delayMs / 1000).toFixed(1)} s`;
    if (reason === saidReason || !mayLog(reason)) return log.debug(fields, message);
    saidReason = reason;
    log.warn(fields, message);
  }

  function readStatus(): LinkStatus {
    switch (state.kind) {
      case 'online':
        return { kind: 'online', sinceMs: state.sinceMs, lastPongMs: state.session.heardMs ?? state.sinceMs };
      case 'waiting': {
        const retryInMs = Math.max(0, state.untilMs - clock.monotonic());
        return { kind: 'waiting', reason: state.reason, retryInMs, ...hinted(state.reason) };
      }
      case 'connecting':
        return { kind: 'connecting', ...(lastFailure && { reason: lastFailure, ...hinted(lastFailure) }) };
      case 'draining':
      case 'closed':
        return { kind: state.kind };
    }
  }

  return {
    service,
    domain,
    get status() {
      return readStatus();
    },
    start() {
      if (state.kind === 'closed') connect();
    },
    whenOnline() {
      if (state.kind === 'online') return Promise.resolve();
      const waiter = Promise.withResolvers<void>();
      waiters.add(waiter);
      return waiter.promise;
    },
    send: (xml) => state.kind === 'online' && state.session.send(xml),
    async drain(deadlineMs) {
      const before = state;
      if (before.kind === 'online') metrics.linkUp.dec({ link: domain });
      if (before.kind === 'waiting') before.cancel();
      state = { kind: 'draining' };
      for (const waiter of waiters) waiter.reject(new Error(`the link for ${domain} was closed`));
      waiters.clear();
      if (before.kind === 'connecting' || before.kind === 'online') drained = before.session;
      await drained?.drain(deadlineMs);
      state = { kind: 'closed' };
    },
    get lateAnswers() {
      return drained?.lateAnswers ?? 0;
    },
  };
}

function hinted(reason: DisconnectReason): { readonly hint?: string } {
  const hint = disconnectHint(reason);
  return hint === undefined ? {} : { hint };
}

/** Values of the `reason` label of rejected stanzas. */
const REJECTIONS = [...SKIP_REASONS, 'malformed', 'unanswerable', 'rate-limited'] as const;
