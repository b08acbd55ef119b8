import type { IncomingHttpHeaders } from 'node:http';
import type { ConnectionFailure } from './connection-failure.ts';

/** A POST request to the provider. */
export interface TransportRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Milliseconds from now for the whole request, waiting for a place included. */
  readonly deadlineMs: number;
}

/** A complete answer. */
export interface TransportAnswer {
  readonly kind: 'answer';
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** At most `bodyLimit` bytes; empty if the answer had more. */
  readonly body: string;
}

/** A request without a complete answer. */
export interface TransportFailure {
  readonly kind: 'failure';
  /**
   * `timeout`: the answer was not complete by the deadline. `closed`: the transport was drained. `invalid`: the request
   * cannot be sent.
   */
  readonly reason: 'timeout' | 'closed' | 'invalid' | ConnectionFailure;
  /** Status of an answer whose body is incomplete. */
  readonly status?: number;
}

export type TransportResult = TransportAnswer | TransportFailure;
