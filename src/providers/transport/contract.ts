import type { IncomingHttpHeaders } from 'node:http';

export interface TransportRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** How long it may take, waiting for a place included; milliseconds from now. */
  readonly deadlineMs: number;
}

export interface TransportAnswer {
  readonly kind: 'answer';
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** At most `bodyLimit` bytes; empty if there was more. */
  readonly body: string;
}

export interface TransportFailure {
  readonly kind: 'failure';
  /**
   * `timeout`: no whole answer by the deadline; `connection`: none could be made, or it broke; `closed`: drained;
   * `invalid`: the request cannot be sent at all; `proxy`: the proxy does not lead there.
   */
  readonly reason: 'timeout' | 'connection' | 'closed' | 'invalid' | 'proxy';
  /** Status of an answer whose body did not come to its end. */
  readonly status?: number;
}

export type TransportResult = TransportAnswer | TransportFailure;
