/** What a case of the benchmark is. */
import type { ProviderName } from '../protocol.ts';
import type { Row } from '../rows.ts';
import type { World } from '../world.ts';

/** How much is measured. */
export interface Plan {
  readonly providers: readonly ProviderName[];
  readonly windows: readonly number[];
  /** Notifications of one measurement. */
  readonly count: number;
  /** Notifications before measuring, for each process. */
  readonly warmUp: number;
  /** Measurements of server and floor in turn, for each pair of processes. */
  readonly rounds: number;
  /** Times that both processes are started anew. */
  readonly starts: number;
}

/** What cases work with. */
export interface Bench {
  readonly world: World;
  readonly plan: Plan;
  /** Says what is measured next. */
  report(text: string): void;
  /** Takes what makes the figures worthless, in words. */
  note(problems: readonly string[]): void;
}

export interface BenchCase {
  /** What it is selected by; its rows may have further words behind it. */
  readonly name: string;
  /** What is measured, for the page and `--help`. */
  readonly describes: string;
  /** What `floorUs` and `ratio` compare with; undefined: it has neither. */
  readonly comparedWith?: string;
  run(bench: Bench): Promise<readonly Row[]>;
}
