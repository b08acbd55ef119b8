/** The verdict of a run in a terminal: each cause once, each capability on a line, and what to do. */
import { describeCause } from '../runner/causes.ts';
import type { CapabilityResult, Verdict } from '../runner/verdict.ts';
import { fitText, justify, type Terminal, wrapText } from './terminal.ts';

const marks = { held: ['green', '✓'], broken: ['red', '✗'] } as const;
/** Lists of scenarios and capabilities do not fill the screen. */
const maxLines = 4;

/** Writes all of the verdict but its last line. */
export function writeVerdict(terminal: Terminal, verdict: Verdict): void {
  const columns = terminal.width - 4;
  terminal.line();
  terminal.line('  Capabilities');
  for (const row of verdict.capabilities) {
    if (row.outcome === 'not played') continue;
    const [tone, mark] = marks[row.outcome];
    const outcome = `${row.outcome}, ${row.passed} of ${row.of} scenarios`;
    terminal.line(`  ${terminal.paint(tone, mark)} ${justify(row.title, outcome, columns)}`);
  }
  const notPlayed = verdict.capabilities.filter(({ outcome }) => outcome === 'not played');
  for (const [why, rows] of Map.groupBy(notPlayed, (row) => row.why ?? 'for no reason')) {
    terminal.line(`  ${terminal.paint('dim', '–')} ${fitText(`not played: ${why}`, columns)}`);
    writeDim(terminal, rows.map(({ title }) => title).join('; '));
  }
  if (verdict.isGreen) return;
  terminal.line();
  terminal.line('  What is wrong');
  for (const { problem, advice } of verdict.faults) {
    writeRed(terminal, problem);
    writeDim(terminal, `To do: ${advice}.`);
  }
  for (const cause of verdict.causes) {
    writeRed(terminal, describeCause(cause));
    if (cause.scenarios.length > 1) writeDim(terminal, cause.scenarios.join(', '));
  }
}

/** The verdict in a sentence. */
export function describeVerdict({ isGreen, isPartial, capabilities, causes, faults }: Verdict): string {
  const count = (outcome: CapabilityResult['outcome']) => capabilities.filter((row) => row.outcome === outcome).length;
  const part = isPartial ? ' of those that --only asked for; it says nothing of the rest' : '';
  if (isGreen) return `Green: ${number(count('held'), 'capability')} held${part}`;
  const wrong = number(causes.length + faults.length, 'cause');
  return `Red: ${number(count('broken'), 'capability')} broken, ${count('held')} held, by ${wrong}`;
}

function number(count: number, noun: string): string {
  return `${count} ${count === 1 ? noun : noun.replace(/y?$/, (end) => (end === 'y' ? 'ies' : 's'))}`;
}

function writeRed(terminal: Terminal, text: string): void {
  // On one line whatever the width, so that it can be searched for.
  terminal.line(`  ${terminal.paint('red', `✗ ${fitText(text, Number.POSITIVE_INFINITY)}`)}`);
}

function writeDim(terminal: Terminal, text: string): void {
  for (const line of wrapText(text, terminal.width - 4, maxLines)) terminal.line(`    ${terminal.paint('dim', line)}`);
}
