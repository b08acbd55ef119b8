/** A run in a terminal: a line for each scenario as it ends, and below them how far it is. */
import { problemsOf, type ScenarioResult } from './result.ts';
import type { RunReport } from './run-report.ts';
import { describeVerdict, writeVerdict } from '../report/verdict-lines.ts';
import { fitText, justify, type Terminal, type TerminalOutput } from '../report/terminal.ts';

export interface RunView {
  show(result: ScenarioResult): void;
  end(report: RunReport): void;
}

const marks = { passed: ['green', '✓'], failed: ['red', '✗'], skipped: ['dim', '–'] } as const;
const barColumns = 24;

/** @param total scenarios to come */
export function createRunView(terminal: Terminal, output: TerminalOutput, total: number): RunView {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const isLive = output.isTTY === true;

  function clear(): void {
    if (isLive) output.write('\r\u001b[K');
  }

  function progress(): void {
    if (!isLive) return;
    const done = counts.passed + counts.failed + counts.skipped;
    const filled = Math.round((barColumns * done) / Math.max(1, total));
    const bar = terminal.paint('cyan', '━'.repeat(filled)) + terminal.paint('dim', '━'.repeat(barColumns - filled));
    const failed = counts.failed > 0 ? terminal.paint('red', `, ${counts.failed} failed`) : '';
    output.write(`  ${bar} ${done}/${total}${failed}`);
  }

  return {
    show(result) {
      const { scenario, outcome, reason, durationMs } = result;
      counts[outcome] += 1;
      clear();
      const [tone, mark] = marks[outcome];
      const right = outcome === 'skipped' ? 'skipped' : `${Math.round(durationMs)} ms`;
      terminal.line(`  ${terminal.paint(tone, mark)} ${justify(scenario.title, right, terminal.width - 4)}`);
      if (reason !== undefined && isLive)
        terminal.line(`    ${terminal.paint('dim', fitText(reason, terminal.width - 4))}`);
      if (outcome === 'failed') {
        terminal.line(`    ${terminal.paint('dim', scenario.id)}`);
        for (const problem of problemsOf(result)) {
          terminal.line(`    ${terminal.paint('red', fitText(problem, terminal.width - 4))}`);
        }
      }
      progress();
    },
    end({ results, verdict, durationMs }) {
      clear();
      writeVerdict(terminal, verdict);
      const failed = results.filter(({ outcome }) => outcome === 'failed').length;
      const skipped = results.filter(({ outcome }) => outcome === 'skipped').length;
      const passed = results.length - failed - skipped;
      const aside = skipped > 0 ? `, ${skipped} skipped` : '';
      const seconds = (durationMs / 1000).toFixed(1);
      terminal.line();
      terminal.line(
        failed === 0
          ? `  ${terminal.paint('green', `✓ ${passed} scenarios passed`)}${aside}, in ${seconds} s`
          : `  ${terminal.paint('red', `✗ ${failed} of ${passed + failed} scenarios failed`)}${aside}, in ${seconds} s`,
      );
      terminal.line(`  ${terminal.paint(verdict.isGreen ? 'green' : 'red', describeVerdict(verdict))}`);
    },
  };
}
