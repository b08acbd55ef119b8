/** What a run found out, for reports: JSON-serializable. */
import type { ReceivedPush } from '../stand-ins/contract.ts';
import type { Place } from './mailbox.ts';
import type { Shown } from '../clients/device.ts';
import type { Scenario } from '../scenarios/scenario.ts';

/** A push as a report shows it. */
export interface SeenPush {
  readonly provider: 'apns' | 'fcm';
  readonly to: Place;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
  /** Of the encoded JSON. */
  readonly bytes: number;
  readonly status: number;
  readonly reason?: string;
  /** From the beginning of its passage. */
  readonly afterMs: number;
}

/** One step of a scenario as it went. */
export interface Passage {
  /** What was done, in words. */
  readonly what: string;
  /** The JSON before it was sealed. */
  readonly json?: string;
  readonly stanza?: string;
  /** `result`, `TYPE/CONDITION`, … */
  readonly answer?: string;
  readonly answeredAfterMs?: number;
  readonly pushes: readonly SeenPush[];
  /** The sealed JSON as the phone read it. */
  readonly opened?: string;
  readonly shown?: Shown;
  /** What differed from the scenario; empty: nothing. */
  readonly problems: readonly string[];
}

export interface ScenarioResult {
  readonly scenario: Scenario;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** Why it was skipped. */
  readonly reason?: string;
  readonly durationMs: number;
  readonly passages: readonly Passage[];
}

/** Every problem of a result, with the step that it befell. */
export function problemsOf(result: ScenarioResult): string[] {
  return result.passages.flatMap(({ what, problems }) => problems.map((problem) => `${what}: ${problem}`));
}

/** The first problem of a result without its step: what follows is mostly a consequence. */
export function firstProblem({ passages }: ScenarioResult): string | undefined {
  return passages.flatMap(({ problems }) => problems)[0];
}

/** @param startedAtMs beginning of the passage, milliseconds since 1970 */
export function describePush(push: ReceivedPush, to: SeenPush['to'], startedAtMs: number): SeenPush {
  const { provider, headers, body, bytes, status, reason, atMs } = push;
  // Credentials of stand-ins open nothing, but reports are passed around.
  const { authorization: _secret, ...shown } = headers;
  return {
    provider,
    to,
    headers: shown,
    body,
    bytes,
    status,
    ...(reason !== undefined && { reason }),
    afterMs: Math.max(0, atMs - startedAtMs),
  };
}
