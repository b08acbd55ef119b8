/** What is wrong, once each: scenarios that fail for the same reason are named together. */
import { firstProblem, type ScenarioResult } from './result.ts';

export interface Cause {
  /** One line, in the words of the first scenario that found it. */
  readonly text: string;
  /** Ids of the scenarios that found it, in their order. */
  readonly scenarios: readonly string[];
}

/** Causes of all failures, the most frequent first. */
export function findCauses(results: readonly ScenarioResult[]): Cause[] {
  const found = new Map<string, { readonly text: string; readonly scenarios: string[] }>();
  for (const result of results) {
    const problem = result.outcome === 'failed' ? firstProblem(result) : undefined;
    if (problem === undefined) continue;
    const text = withoutPlace(problem);
    const kind = kindOf(text);
    const known = found.get(kind) ?? { text, scenarios: [] };
    known.scenarios.push(result.scenario.id);
    found.set(kind, known);
  }
  return [...found.values()].toSorted((one, other) => other.scenarios.length - one.scenarios.length);
}

/** Which push of a step it was says nothing about the cause. */
function withoutPlace(problem: string): string {
  return problem.replace(/^(the push|push \d+): /, '');
}

/** The problem without what differs from one scenario to the next: addresses, numbers, tokens. */
function kindOf(text: string): string {
  return text
    .replaceAll(/[^\s@]+@[\w.-]+(\/\S+)?/g, '@')
    .replaceAll(/\b[\w.-]+\.example\b(\/\S+)?/g, '@')
    .replaceAll(/\b[0-9a-f]{16,}\b/gi, '#')
    .replaceAll(/\d+/g, '#')
    .replace(/, of # bytes in place of #$/, '');
}

/** A cause as one line, with how many scenarios found it. */
export function describeCause({ text, scenarios }: Cause): string {
  return scenarios.length === 1 ? `${text} (${scenarios[0]})` : `${text} (${scenarios.length} scenarios)`;
}
