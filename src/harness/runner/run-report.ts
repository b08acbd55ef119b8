import type { ScenarioResult } from './result.ts';
import type { Verdict } from './verdict.ts';

/** A whole run, for reports: JSON-serializable. */
export interface RunReport {
  /** In the order of the scenarios. */
  readonly results: readonly ScenarioResult[];
  readonly verdict: Verdict;
  readonly durationMs: number;
  /** Milliseconds since 1970. */
  readonly startedAtMs: number;
}
