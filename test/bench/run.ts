/** Runs cases, one after the other. */
import type { Bench, BenchCase, Plan } from './cases/contract.ts';
import type { Row } from './rows.ts';
import { startWorld } from './world.ts';

export interface RunResult {
  readonly rows: readonly Row[];
  /** What makes the figures worthless, in words. */
  readonly problems: readonly string[];
}

/** @param report is called with what will be measured next */
export async function runCases(
  cases: readonly BenchCase[],
  plan: Plan,
  { signal, report }: { readonly signal: AbortSignal; readonly report: (text: string) => void },
): Promise<RunResult> {
  await using world = await startWorld(signal);
  const problems: string[] = [];
  const rows: Row[] = [];
  const bench: Bench = { world, plan, report, note: (found) => void problems.push(...found) };
  for (const each of cases) rows.push(...(await each.run(bench)));
  return { rows, problems };
}
