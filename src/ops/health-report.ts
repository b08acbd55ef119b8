/** `warn`: it works, but somebody should look at it. `fail` of a part: it does not work. */
export type HealthStatus = 'pass' | 'warn' | 'fail';

/** The state of one part. */
export interface HealthCheck {
  readonly status: HealthStatus;
  /** Why the status is not `pass`, for a human; free of tokens, nodes, secrets and local parts of JIDs. */
  readonly reason?: string;
  /** What an operator should do. */
  readonly hint?: string;
}

/** The answer of `/readyz`. */
export interface Health {
  /** `fail` only if no notification could be delivered at all; the HTTP status is 503 then. */
  readonly status: HealthStatus;
  /** By name of the part: `link:push.example.com`, `store`, `app:siskin`. */
  readonly checks: Readonly<Record<string, HealthCheck>>;
}
