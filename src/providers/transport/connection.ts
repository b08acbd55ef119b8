/** A connection to a provider: one over HTTP/2, or a pool of HTTP/1.1 connections that is used and closed as one. */
import type { Dispatcher } from 'undici';
import { type ConnectionFailure, connectionFailureOf } from './connection-failure.ts';
import { createDispatcher, type DispatcherOptions, pingEveryMs } from './dispatcher.ts';
import type { TransportRequest, TransportResult } from './contract.ts';

export interface ConnectionOptions extends DispatcherOptions {
  readonly on: {
    /** There may be room for a request now. */
    ready(): void;
    /**
     * The connection failed or ended; over HTTP/1.1: the last one of the pool did.
     * @param useful whether it carried an answer
     */
    ended(useful: boolean, reason: ConnectionFailure): void;
  };
}

/** A connection as the transport sees it. */
export interface Connection {
  readonly isConnected: boolean;
  /** Connected, with credentials accepted by the peer. */
  readonly isReady: boolean;
  readonly hasRoom: boolean;
  /** Number of answers and answered pings so far. */
  readonly signsOfLife: number;
  /** Idle for so long that pings should have been answered, but were not. */
  readonly isStale: boolean;
  /**
   * `silent`: requests are in flight and nothing was received for `silenceMs`. `unclear`: data may be waiting that the
   * busy event loop has not read yet; `ready` is called once that is known.
   */
  liveliness(silenceMs: number): 'lively' | 'silent' | 'unclear';
  /** The peer accepted our credentials, so the whole window may be used. */
  accept(): void;
  /** Sends a request. `done` is called once, unless `abort` is called before. */
  send(request: TransportRequest, done: (result: TransportResult) => void): Call;
  /** Takes no new request, and closes after the last one under way. */
  retire(): void;
}

/** A request under way. */
export interface Call {
  /** Gives the request up. Returns the status if it was received already. */
  abort(): number | undefined;
}

/** Two missed pings and some time to spare. */
const staleAfterMs = 2.5 * pingEveryMs;

/** Connects with the first request. */
export function createConnection(options: ConnectionOptions): Connection {
  const { protocol, window, clock, on } = options;
  const { dispatcher, stats } = createDispatcher(options);
  let isAccepted = protocol === 'h1';
  let isUseful = false;
  let isRetired = false;
  let inFlight = 0;
  let signsOfLife = 0;
  let heardAtMs = clock.monotonic();
  let waitingSinceMs: number | undefined;
  /** The `waitingSinceMs` under examination, and the last one that proved to be silence. */
  let suspectedMs: number | undefined;
  let silentMs: number | undefined;

  const noteActivity = () => {
    heardAtMs = clock.monotonic();
    waitingSinceMs = inFlight > 0 ? heardAtMs : undefined;
  };
  const end = (useful: boolean, error: unknown) => {
    if (!isRetired && !(protocol === 'h1' && stats().connected > 0)) on.ended(useful, connectionFailureOf(error));
  };

  dispatcher.on('connect', () => {
    noteActivity();
    on.ready();
  });
  dispatcher.on('disconnect', (_origin, _targets, error) => end(isUseful, error));
  dispatcher.on('connectionError', (_origin, _targets, error) => end(false, error));
  // undici emits it when a PING is answered, although its types lack it.
  dispatcher.on('ping' as 'drain', () => {
    signsOfLife += 1;
    noteActivity();
  });

  const close = () => {
    // undici must not be destroyed within one of its callbacks.
    queueMicrotask(() => void dispatcher.destroy());
  };

  return {
    get isConnected() {
      return stats().connected > 0;
    },
    get isReady() {
      return isAccepted && stats().connected > 0;
    },
    get hasRoom() {
      if (isRetired) return false;
      if (protocol === 'h1') return inFlight < window;
      // undici queues requests beyond what the peer allows; another connection can take them instead.
      return inFlight < (isAccepted ? window : 1) && stats().pending === 0;
    },
    get signsOfLife() {
      return signsOfLife;
    },
    get isStale() {
      return protocol === 'h2' && inFlight === 0 && clock.monotonic() - heardAtMs > staleAfterMs;
    },
    liveliness(silenceMs) {
      // While it connects, `connectWithinMs` applies.
      if (waitingSinceMs === undefined || stats().connected === 0) return 'lively';
      if (clock.monotonic() - waitingSinceMs <= silenceMs) return 'lively';
      if (silentMs === waitingSinceMs) return 'silent';
      if (suspectedMs !== waitingSinceMs) {
        const sinceMs = waitingSinceMs;
        suspectedMs = sinceMs;
        // By then everything that had arrived is read.
        setImmediate(() => {
          silentMs = sinceMs;
          on.ready();
        });
      }
      return 'unclear';
    },
    accept() {
      if (isAccepted) return;
      isAccepted = true;
      on.ready();
    },
    send(request, whenDone) {
      let controller: Dispatcher.DispatchController | undefined;
      let status: number | undefined;
      let headers: Record<string, string | string[] | undefined> = {};
      const chunks: Buffer[] = [];
      // Node keeps a closed HTTP/2 stream, and so the functions below, until a full garbage collection. What waits for the
      // answer is let go as soon as it has it.
      let done: typeof whenDone | undefined = whenDone;

      /** What is to be told, the first time. */
      const leave = (): typeof done => {
        if (!done) return undefined;
        const told = done;
        done = undefined;
        inFlight -= 1;
        if (inFlight === 0) waitingSinceMs = undefined;
        if (isRetired && inFlight === 0) close();
        return told;
      };
      const fail = (error: Error) => {
        const code = (error as { code?: unknown }).code;
        const tell = leave();
        if (status !== undefined && code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE')
          return tell?.({ kind: 'answer', status, headers, body: '' });
        const reason = code === 'UND_ERR_INVALID_ARG' ? 'invalid' : connectionFailureOf(error);
        return tell?.({ kind: 'failure', reason, ...(status !== undefined && { status }) });
      };

      inFlight += 1;
      waitingSinceMs ??= clock.monotonic();
      try {
        dispatcher.dispatch(
          { path: request.path, method: 'POST', headers: request.headers, body: request.body },
          {
            onRequestStart(given) {
              controller = given;
              // The deadline passed while the request waited inside undici.
              if (!done) given.abort(new Error('too late'));
            },
            onResponseStart(_controller, code, received) {
              status = code;
              headers = received;
              isUseful = true;
              signsOfLife += 1;
              noteActivity();
            },
            onResponseData: (_controller, chunk) => void chunks.push(chunk),
            onResponseEnd() {
              const body = chunks.length === 0 ? '' : Buffer.concat(chunks).toString('utf8');
              leave()?.({ kind: 'answer', status: status ?? 0, headers, body });
            },
            onResponseError: (_controller, error) => fail(error),
          },
        );
      } catch (error) {
        fail(error instanceof Error ? error : new Error('dispatch failed'));
      }
      return {
        abort() {
          if (leave()) controller?.abort(new Error('deadline'));
          return status;
        },
      };
    },
    retire() {
      if (isRetired) return;
      isRetired = true;
      if (inFlight === 0) close();
    },
  };
}
