/** One way to a provider: a connection of HTTP/2, or a pool of HTTP/1.1 connections that lives and dies together. */
import type { Dispatcher } from 'undici';
import { proxyRefusal } from './proxy.ts';
import { createDispatcher, type DispatcherOptions, pingEveryMs } from './dispatcher.ts';
import type { TransportRequest, TransportResult } from './contract.ts';

export interface ConnectionOptions extends DispatcherOptions {
  readonly on: {
    /** There may be room now. */
    ready(): void;
    /**
     * It could not be made, or is over; over HTTP/1.1: the last one of the pool.
     * @param useful whether it brought an answer.
     * @param reason what ended it: the proxy's refusal or anything else
     */
    ended(useful: boolean, reason: 'connection' | 'proxy'): void;
  };
}

export interface Connection {
  readonly isConnected: boolean;
  /** Connected, and our credentials accepted. */
  readonly isReady: boolean;
  readonly hasRoom: boolean;
  /** Counts answers and answered pings. */
  readonly signsOfLife: number;
  /** Idle for so long that pings should have been answered, and were not. */
  readonly isStale: boolean;
  /**
   * `silent`: requests are in flight and nothing came back for `silenceMs`. `unclear`: as far as was read yet; this process
   * may have been busy, and `ready` is called once everything that had come is read.
   */
  liveliness(silenceMs: number): 'lively' | 'silent' | 'unclear';
  /** The peer accepted our credentials: the whole window may be used. */
  accept(): void;
  /** `done` is called once, unless `abort` is called before. */
  send(request: TransportRequest, done: (result: TransportResult) => void): Call;
  /** Takes nothing new any more and closes with its last request. */
  retire(): void;
}

/** A request under way. */
export interface Call {
  /** Gives it up; tells the status of its answer, if that came. */
  abort(): number | undefined;
}

/** Two pings missed and then some. */
const staleAfterMs = 2.5 * pingEveryMs;

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
  /** The `waitingSinceMs` that is being looked into, and the one that proved to be silence. */
  let suspectedMs: number | undefined;
  let silentMs: number | undefined;

  const hear = () => {
    heardAtMs = clock.monotonic();
    waitingSinceMs = inFlight > 0 ? heardAtMs : undefined;
  };
  const end = (useful: boolean, error: unknown) => {
    if (!isRetired && !(protocol === 'h1' && stats().connected > 0)) on.ended(useful, reasonOf(error));
  };

  dispatcher.on('connect', () => {
    hear();
    on.ready();
  });
  dispatcher.on('disconnect', (_origin, _targets, error) => end(isUseful, error));
  dispatcher.on('connectionError', (_origin, _targets, error) => end(false, error));
  // Emitted when a PING is answered, though not in undici's types.
  dispatcher.on('ping' as 'drain', () => {
    signsOfLife += 1;
    hear();
  });

  const close = () => {
    // Not within a callback of its own.
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
      // Beyond what the peer allows, undici keeps requests waiting: another connection may take them.
      return inFlight < (isAccepted ? window : 1) && stats().pending === 0;
    },
    get signsOfLife() {
      return signsOfLife;
    },
    get isStale() {
      return protocol === 'h2' && inFlight === 0 && clock.monotonic() - heardAtMs > staleAfterMs;
    },
    liveliness(silenceMs) {
      // While it is being made, `connectWithinMs` watches it.
      if (waitingSinceMs === undefined || stats().connected === 0) return 'lively';
      if (clock.monotonic() - waitingSinceMs <= silenceMs) return 'lively';
      if (silentMs === waitingSinceMs) return 'silent';
      if (suspectedMs !== waitingSinceMs) {
        const sinceMs = waitingSinceMs;
        suspectedMs = sinceMs;
        // By then everything was read that had come.
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
    send(request, done) {
      let controller: Dispatcher.DispatchController | undefined;
      let isDone = false;
      let status: number | undefined;
      let headers: Record<string, string | string[] | undefined> = {};
      const chunks: Buffer[] = [];

      const leave = (): boolean => {
        if (isDone) return false;
        isDone = true;
        inFlight -= 1;
        if (inFlight === 0) waitingSinceMs = undefined;
        if (isRetired && inFlight === 0) close();
        return true;
      };
      const fail = (error: Error) => {
        const code = (error as { code?: unknown }).code;
        if (!leave()) return;
        if (status !== undefined && code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE')
          return done({ kind: 'answer', status, headers, body: '' });
        const reason = code === 'UND_ERR_INVALID_ARG' ? 'invalid' : reasonOf(error);
        return done({ kind: 'failure', reason, ...(status !== undefined && { status }) });
      };

      inFlight += 1;
      waitingSinceMs ??= clock.monotonic();
      try {
        dispatcher.dispatch(
          { path: request.path, method: 'POST', headers: request.headers, body: request.body },
          {
            onRequestStart(given) {
              controller = given;
              // Its deadline passed while it waited inside undici.
              if (isDone) given.abort(new Error('too late'));
            },
            onResponseStart(_controller, code, received) {
              status = code;
              headers = received;
              isUseful = true;
              signsOfLife += 1;
              hear();
            },
            onResponseData: (_controller, chunk) => void chunks.push(chunk),
            onResponseEnd() {
              const body = chunks.length === 0 ? '' : Buffer.concat(chunks).toString('utf8');
              if (leave()) done({ kind: 'answer', status: status ?? 0, headers, body });
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

function reasonOf(error: unknown): 'connection' | 'proxy' {
  return (error as { code?: unknown } | null)?.code === proxyRefusal ? 'proxy' : 'connection';
}
