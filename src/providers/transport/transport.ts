/**
 * Sends the requests of both providers with undici: HTTP/2 for APNs, a pool of HTTP/1.1 connections for FCM. Every
 * request ends by its deadline, with an answer or a typed failure. A request is sent again only if the peer said that
 * it did not process it (RFC 9113 sections 6.8 and 8.7; undici does that by itself).
 */
import type { Clock, Random } from '../../time/clock.ts';
import { type Connection, type ConnectionOptions, createConnection } from './connection.ts';
import { type ConnectionFailure, isUnconnected, type Unconnected } from './connection-failure.ts';
import type { TransportRequest, TransportResult } from './contract.ts';
import { createTrust } from './dispatcher.ts';

/** The requests of one app to its provider. */
export interface Transport {
  /** Never rejects. */
  send(request: TransportRequest): Promise<TransportResult>;
  /** Ends the requests under way at this moment as if their deadlines had come. */
  hurry(): void;
  /** Refuses new requests, waits for those under way, then closes the connections. */
  drain(): Promise<void>;
  readonly inFlight: number;
  readonly waiting: number;
}

/** Limits of a transport, each with its unit and the reason of its default. */
export interface TransportLimits {
  /**
   * Requests in flight on one HTTP/2 connection. 500: APNs advertises 500 to 1500 streams, and node:http2 refuses new ones
   * beyond 10 MB of unsent data.
   */
  readonly streams: number;
  /**
   * HTTP/2 connections, and as many again to replace silent ones. One is added only when the others are full. 4 carry
   * the largest `inFlight` of an app.
   */
  readonly connections: number;
  /** Milliseconds without a sign of life from a busy connection, after which new requests use another one. */
  readonly silenceMs: number;
  /** Longest pause between attempts to connect, in milliseconds. Apple treats rapid connecting as an attack. */
  readonly longestPauseMs: number;
  /**
   * A request with less time left, in milliseconds, is not sent: its answer would come too late, and it would be sent
   * again. For a short deadline the limit is half of it.
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

/** Failed attempts to connect in a row after which waiting requests fail; a restart of the provider takes fewer. */
const patientFailures = 3;

export interface TransportOptions extends Pick<ConnectionOptions, 'origin' | 'protocol' | 'proxy' | 'identity'> {
  /**
   * Most requests that the caller has under way at a time: the concurrency limit of the app, which also bounds how many
   * wait here. Over HTTP/1.1 each request in flight needs a connection of its own.
   */
  readonly inFlight: number;
  /** PEM of certificate authorities trusted besides the system's. */
  readonly ca?: string | undefined;
  /**
   * Whether an answer of this status proves that the peer accepted our credentials. Until then a new HTTP/2 connection
   * carries one request at a time (Apple allows one stream until it has seen a valid token).
   */
  readonly provesAcceptance?: (status: number) => boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits?: Partial<TransportLimits>;
}

interface Job {
  readonly request: TransportRequest;
  readonly settle: (result: TransportResult) => void;
  /** Monotonic time from which sending is pointless. */
  readonly latestMs: number;
  cancelDeadline: () => void;
  /** Set once a connection has the request. Gives it up and returns the status if it was received already. */
  abort?: () => number | undefined;
}

/** Connects with the first request. */
export function createTransport(options: TransportOptions): Transport {
  const { clock, random, protocol, provesAcceptance = () => true } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const isH2 = protocol === 'h2';
  const window = isH2 ? Math.min(limits.streams, options.inFlight) : options.inFlight;
  const connectionsLimit = isH2 ? limits.connections : 1;
  const trust = createTrust(options.ca, options.identity);
  let connections: Connection[] = [];
  // A Set keeps insertion order, and a job whose deadline passed can be deleted from its middle.
  const queue = new Set<Job>();
  const jobs = new Set<Job>();
  let drained: (() => void) | undefined;
  let failures = 0;
  /** Why no connection can be made at present. */
  let unconnected: Unconnected | undefined;
  let pausedUntilMs = Number.NEGATIVE_INFINITY;
  let isPumpDue = false;
  let recheck: { readonly dueMs: number; cancel(): void } | undefined;

  /** The connection for the next request, if one has room now. */
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
    // Wait for a connection that is being made.
    const growing = lively.some(({ isReady }) => !isReady);
    const full = lively.length >= connectionsLimit || connections.length >= 2 * connectionsLimit;
    if (!growing && !full) return open();
    // All are silent and no further one is allowed: use a silent one.
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

  function noteFailure(reason: ConnectionFailure): void {
    unconnected = isUnconnected(reason) ? reason : undefined;
    // The connections of a pool fail together, which counts as one failure.
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

  /** Deferred, since undici asserts that callbacks add no request, and many deadlines may end in one turn. */
  function pumpSoon(): void {
    if (isPumpDue || queue.size === 0) return;
    isPumpDue = true;
    setImmediate(pump);
  }

  function pump(): void {
    isPumpDue = false;
    for (const job of queue) {
      // The job's deadline removes it.
      if (clock.monotonic() > job.latestMs) continue;
      const connection = pick();
      if (!connection) return recheckLater();
      queue.delete(job);
      run(job, connection);
    }
  }

  /** Covers what no event announces: the end of a pause, or a connection that turned silent. */
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
        unconnected = undefined;
        if (provesAcceptance(result.status)) connection.accept();
      }
      finish(job, result);
      pumpSoon();
    });
    job.abort = () => {
      // Nothing arrived since this request was sent, so the path may be dead. Other requests on it keep their
      // deadlines. A new connection is made after a pause, or else each waiting request would open one.
      if (connection.signsOfLife === signsOfLife && connections.includes(connection)) {
        retire(connection);
        noteFailure('connection');
      }
      return call.abort();
    };
  }

  function timeOut(job: Job): void {
    const status = job.abort?.();
    // What kept a request from being sent says more than that its time is over.
    const reason = job.abort ? 'timeout' : (unconnected ?? 'timeout');
    finish(job, { kind: 'failure', reason, ...(status !== undefined && { status }) });
    pumpSoon();
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
        const cancelDeadline = clock.after(deadlineMs, () => timeOut(job));
        const latestMs = clock.monotonic() + deadlineMs - Math.min(limits.leastMs, deadlineMs / 2);
        const job: Job = { request, settle, latestMs, cancelDeadline };
        jobs.add(job);
        const connection = queue.size === 0 ? pick() : undefined;
        if (connection) return run(job, connection);
        queue.add(job);
        pump();
      });
    },
    hurry() {
      for (const job of jobs) timeOut(job);
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
