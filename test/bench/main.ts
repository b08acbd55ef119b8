/**
 * `npm run bench`: CPU, throughput, latency and memory of the server, next to a program that does the same work bare on
 * the same machine. docs/performance.md tells what the figures mean.
 */
import { writeFile } from 'node:fs/promises';
import { type Options, readOptions, usage } from './options.ts';
import { profilePair } from './profile-run.ts';
import { bestOf, describeWorse, findWorse, ratiosOf } from './ratios.ts';
import { describeMachine, readCommittedRatios, writeCommittedRatios, writeResult } from './result-file.ts';
import { runCases, type RunResult } from './run.ts';
import { align, tableOf } from './table.ts';

/** How often a ratio that is worse than the committed one is measured again: a real loss of speed shows each time. */
const repeats = 3;

process.exitCode = await main(process.argv.slice(2));

async function main(args: string[]): Promise<number> {
  const interruption = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interruption.abort());
  try {
    const options = readOptions(args);
    if (options === 'help') {
      process.stdout.write(usage);
      return 0;
    }
    if (process.platform !== 'linux') throw new Error('needs Linux: CPU time and memory are read from /proc');
    const problems = await run(options, interruption.signal);
    for (const problem of problems) process.stderr.write(`NOT AS IT SHOULD BE: ${problem}\n`);
    return problems.length === 0 ? 0 : 1;
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    process.stderr.write(`bench: ${interruption.signal.aborted ? 'interrupted' : text}\n`);
    return 1;
  }
}

/** Resolves with what is wrong with the figures or with the server's speed, in words. */
async function run(options: Options, signal: AbortSignal): Promise<readonly string[]> {
  const say = (text: string) => void process.stdout.write(`${text}\n`);
  const report = (text: string) => void process.stderr.write(`${text}\n`);
  const machine = describeMachine();
  say(machine);
  if (options.profile) {
    const { text, picture, problems } = await profilePair(options, { signal, report });
    say(text);
    if (options.picture !== undefined) await writeFile(options.picture, picture);
    return problems;
  }
  const measure = () => runCases(options.cases, options, { signal, report });
  let result: RunResult = await measure();
  let worse = options.check ? findWorse(result.rows, readCommittedRatios()) : [];
  for (let repeat = 1; worse.length > 0 && repeat <= repeats; repeat += 1) {
    report(`once more, since a busy machine may be the reason: ${worse.map(describeWorse).join('; ')}`);
    const again = await measure();
    result = { rows: bestOf(result.rows, again.rows), problems: [...result.problems, ...again.problems] };
    worse = findWorse(result.rows, readCommittedRatios());
  }
  say(align(tableOf(result.rows)));
  if (options.json !== undefined) await writeResult(options.json, { machine, rows: result.rows });
  if (options.commit && result.problems.length === 0) await writeCommittedRatios(ratiosOf(result.rows));
  return [...result.problems, ...worse.map(describeWorse)];
}
