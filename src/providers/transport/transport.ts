/**
 * The bytes for both providers, on undici: HTTP/2 for APNs, a pool of HTTP/1.1 connections for FCM. Every request ends
 * by its deadline with an answer or a typed failure; nothing is sent twice but what the peer said it did not process
 * (RFC 9113 sections 6.8 and 8.7, which undici does by itself).
 */
import type { Clock, Random } from '../../time/clock.ts';
import { type Connection, type ConnectionOptions, createConnection } from './connection.ts';
import type { TransportRequest, TransportResult } from './contract.ts';
import { createTrust } from './dispatcher.ts';

export interface Transport {
  /** Never rejects. */
  send(request: TransportRequest): Promise<TransportResult>;
  /** Refuses what is new, waits for what is in flight, closes the connections. */
  drain(): Promise<void>;
  readonly inFlight: number;
  readonly waiting: number;
}

/** Each with its unit and the reason of its default. */
export interface TransportLimits {
  /**
   * Requests in flight on one HTTP/2 connection. 500: APNs advertises 500 to 1500 streams, and node:http2 refuses new ones
   * beyond 10 MB of unsent data.
   */
  readonly streams: number;
  /**
   * HTTP/2 connections at a time, and as many again in place of silent ones; a further one is made only when the others are
   * full. 4 carry the largest `inFlight` of an app.
   */
  readonly connections: number;
  /** Without a sign of life for so long, milliseconds, while one is due, new requests go over another connection. */
  readonly silenceMs: number;
  /** Longest pause between attempts to connect, milliseconds: Apple counts rapid connecting as an attack. */
  readonly longestPauseMs: number;
  /**
   * A request that has less time left, milliseconds, is not sent any more, unless it was given less than twice as much: its
   * answer would come too late, and it would be sent again.
   */
  readonly leastMs: number;
}

const defaultLimits: TransportLimits = {
  streams: 500,
  connections: 4,
  silenceMs: 2_000,
  longestPauseMs: 5_000,
  leastMs: 250,
};

const firstPauseMs = 100;

/** So many attempts to connect in a row may fail before those who wait are told: a restart is over sooner. */
const patientFailures = 3;

export interface TransportOptions extends Pick<ConnectionOptions, 'origin' | 'protocol' | 'proxy' | 'identity'> {
  /**
   * Most requests that the caller has under way at a time: the app sender's limit, which also bounds how many wait here for a
   * connection. Over HTTP/1.1 each request in flight needs a connection of its own.
   */
  readonly inFlight: number;
  /** PEM of certificate authorities trusted beside the system's. */
  readonly ca?: string | undefined;
  /**
   * Whether an answer of this status proves that the peer accepted our credentials: until then a new HTTP/2 connection
   * carries one request at a time (Apple: with tokens, only one stream until a request with a valid token was posted).
   */
  readonly provesAcceptance?: (status: number) => boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits?: Partial<TransportLimits>;
}

interface Job {
  readonly request: TransportRequest;
  readonly settle: (result: TransportResult) => void;
  /** Monotonic time after which it is not worth sending any more. */
  readonly latestMs: number;
  cancelDeadline: () => void;
  /** Once it was handed to a connection; tells the status, if one came. */
  abort?: () => number | undefined;
}

export function createTransport(options: TransportOptions): Transport {
  const { clock, random, protocol, provesAcceptance = () => true } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const isH2 = protocol === 'h2';
  const window = isH2 ? Math.min(limits.streams, options.inFlight) : options.inFlight;
  const connectionsLimit = isH2 ? limits.connections : 1;
  const trust = createTrust(options.ca, options.identity);
  let connections: Connection[] = [];
  // A Set keeps insertion order and lets one whose deadline passed step out of the middle.
  const queue = new Set<Job>();
  const jobs = new Set<Job>();
  let drained: (() => void) | undefined;
  let failures = 0;
  let pausedUntilMs = Number.NEGATIVE_INFINITY;
  let isPumpDue = false;
  let recheck: { readonly dueMs: number; cancel(): void } | undefined;

  /** Where the next request may go now, if anywhere. */
  function pick(): Connection | undefined {
    const mayConnect = clock.monotonic() >= pausedUntilMs;
    const lively: Connection[] = [];
    let isUnclear = false;
    for (const connection of connections) {
      const liveliness = connection.liveliness(limits.silenceMs);
      if (connection.isStale) retire(connection);
      else if (liveliness !== 'lively') isUnclear ||= liveliness === 'unclear';
      else if (connection.hasRoom && (mayConnect || connection.isConnected)) return connection;
      else lively.push(connection);
    }
    if (!mayConnect || isUnclear) return undefined;
    // One that is being made is waited for.
    const growing = lively.some(({ isReady }) => !isReady);
    const full = lively.length >= connectionsLimit || connections.length >= 2 * connectionsLimit;
    if (!growing && !full) return open();
    // All silent, and no more allowed: better a silent one than none.
    return lively.length > 0 ? undefined : connections.find(({ hasRoom }) => hasRoom);
  }

  function open(): Connection {
    const { origin, proxy, identity } = options;
    const connection = createConnection({
      origin,
      protocol,
      trust,
      proxy,
      identity,
      clock,
      window,
      on: {
        ready: pumpSoon,
        ended(useful, reason) {
          if (isH2) retire(connection);
          if (!useful) noteFailure(reason);
          pumpSoon();
        },
      },
    });
    connections.push(connection);
    return connection;
  }

  function noteFailure(reason: 'connection' | 'proxy'): void {
    // A pool's connections fail together; that is one failure.
    if (clock.monotonic() < pausedUntilMs) return;
    failures += 1;
    const ceilingMs = Math.min(limits.longestPauseMs, firstPauseMs * 2 ** Math.min(failures, 16));
    pausedUntilMs = clock.monotonic() + random() * ceilingMs;
    if (failures < patientFailures || connections.some(({ isReady }) => isReady)) return;
    for (const job of queue) finish(job, { kind: 'failure', reason });
  }

  function retire(connection: Connection): void {
    connections = connections.filter((other) => other !== connection);
    connection.retire();
  }

  /**
   * For callbacks of undici, which must be over before it is given more: it asserts that they add nothing. And for
   * deadlines, many of which may end in one turn of the event loop.
   */
  function pumpSoon(): void {
    if (isPumpDue || queue.size === 0) return;
    isPumpDue = true;
    setImmediate(pump);
  }

  function pump(): void {
    isPumpDue = false;
    for (const job of queue) {
      // Its deadline takes it out.
      if (clock.monotonic() > job.latestMs) continue;
      const connection = pick();
      if (!connection) return recheckLater();
      queue.delete(job);
      run(job, connection);
    }
  }

  /** For what no event tells: that a pause is over, that a connection has become silent. */
  function recheckLater(): void {
    const now = clock.monotonic();
    const dueMs = pausedUntilMs > now ? pausedUntilMs : now + limits.silenceMs;
    if (recheck && recheck.dueMs <= dueMs) return;
    recheck?.cancel();
    const cancel = clock.after(dueMs - now, () => {
      recheck = undefined;
      pump();
    });
    recheck = { dueMs, cancel };
  }

  function run(job: Job, connection: Connection): void {
    const { signsOfLife } = connection;
    const call = connection.send(job.request, (result) => {
      if (result.kind === 'answer') {
        failures = 0;
        if (provesAcceptance(result.status)) connection.accept();
      }
      finish(job, result);
      pumpSoon();
    });
    job.abort = () => {
      // Nothing at all came since: the path may be dead. What else is under way on it keeps its own deadline. Another
      // connection is made after a pause, as after one that broke: each of those who wait would otherwise make one.
      if (connection.signsOfLife === signsOfLife && connections.includes(connection)) {
        retire(connection);
        noteFailure('connection');
      }
      return call.abort();
    };
  }

  function finish(job: Job, result: TransportResult): void {
    if (!jobs.delete(job)) return;
    queue.delete(job);
    job.cancelDeadline();
    job.settle(result);
    if (jobs.size === 0) drained?.();
  }

  return {
    send(request) {
      if (drained) return Promise.resolve({ kind: 'failure', reason: 'closed' });
      const { deadlineMs } = request;
      if (deadlineMs <= 0) return Promise.resolve({ kind: 'failure', reason: 'timeout' });
      return new Promise((settle) => {
        const cancelDeadline = clock.after(deadlineMs, () => {
          const status = job.abort?.();
          finish(job, { kind: 'failure', reason: 'timeout', ...(status !== undefined && { status }) });
          pumpSoon();
        });
        const latestMs = clock.monotonic() + deadlineMs - Math.min(limits.leastMs, deadlineMs / 2);
        const job: Job = { request, settle, latestMs, cancelDeadline };
        jobs.add(job);
        queue.add(job);
        pump();
      });
    },
    async drain() {
      await new Promise<void>((resolve) => {
        drained = resolve;
        if (jobs.size === 0) resolve();
      });
      recheck?.cancel();
      for (const connection of connections) retire(connection);
    },
    get inFlight() {
      return jobs.size - queue.size;
    },
    get waiting() {
      return queue.size;
    },
  };
}
