/** `warn`: works, but somebody should look; `fail`: for a part, it does not work. */
export type HealthStatus = 'pass' | 'warn' | 'fail';

/** The state of one part. */
export interface HealthCheck {
  readonly status: HealthStatus;
  /** Why it is not `pass`, for a human: no token, node, secret or local part of a JID. */
  readonly reason?: string;
  /** What an operator should do about it. */
  readonly hint?: string;
}

/** What `/readyz` answers. */
export interface Health {
  /** `fail` only when no notification could be delivered at all: the answer is 503 then. */
  readonly status: HealthStatus;
  /** By part: `link:push.example.com`, `store`, `app:siskin`. */
  readonly checks: Readonly<Record<string, HealthCheck>>;
}
