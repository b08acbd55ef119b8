/** One measurement: a load on one process, with what it cost and whether all came as it should. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Blast, Usage } from './protocol.ts';
import type { World } from './world.ts';

/** A process that is measured. */
export interface Subject {
  readonly name: string;
  /** Its component domain. */
  readonly domain: string;
  usage(): Promise<Usage>;
  /** Makes the peak of its memory what it has now. */
  resetPeak(): Promise<unknown>;
  /** The last warning or error that it logged. */
  readonly complaint?: string | undefined;
}

/** Cost of one process per notification. */
export interface Sample {
  /** User and system time of the process, until the last push was accepted. */
  readonly cpuUs: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Peak within the measurement. */
  readonly rssMb: number;
  /** Number of notifications. */
  readonly count: number;
  /** Start and end of the load, in microseconds of the system's monotonic clock. */
  readonly fromMicros: number;
  readonly toMicros: number;
  /** Problems in words; empty if every notification was sent once, accepted and answered as expected. */
  readonly problems: readonly string[];
}

/** What is not a problem. */
export interface Expectation {
  /** Answers to publishes: how many of each; default: all are `result`. */
  readonly answers?: Readonly<Record<string, number>>;
  /** Pushes that the provider accepts in the end; default: one for each publish. */
  readonly accepted?: number;
  /** The provider refuses some of them first. */
  readonly refusals?: boolean;
}

/** Milliseconds for pushes that the provider refused to be sent again. */
const settledWithinMs = 300_000;

/** Publishes, waits until the provider has accepted every push, and tells what it cost. */
export async function takeSample(
  world: World,
  subject: Subject,
  work: Omit<Blast, 'domain'>,
  expectation: Expectation = {},
): Promise<Sample> {
  const { count } = work.load;
  const { answers = { result: count }, accepted = count, refusals = false } = expectation;
  const { standIn } = world.providers[work.provider];
  const tallyBefore = await standIn.call('tally', undefined);
  const pushes = async () => {
    const tally = await standIn.call('tally', undefined);
    return Object.fromEntries(Object.entries(tally).map(([word, times]) => [word, times - (tallyBefore[word] ?? 0)]));
  };
  await subject.resetPeak();
  const before = await subject.usage();
  const fromMicros = monotonicMicros();
  const report = await world.generator.call('blast', { ...work, domain: subject.domain });
  const toMicros = monotonicMicros();
  const endsAtMs = performance.now() + settledWithinMs;
  while (((await pushes())['200'] ?? 0) < accepted && performance.now() < endsAtMs) await pause(50);
  const after = await subject.usage();

  const arrived = await pushes();
  const counted = refusals ? { 200: arrived['200'] ?? 0 } : arrived;
  const problems = [
    ...describeUnexpected(report.answers, answers),
    ...describeUnexpected(counted, { 200: accepted }).map((problem) => `the provider's answers: ${problem}`),
  ].map((problem) => `${subject.name}: ${problem}`);
  if (problems.length > 0 && subject.complaint) problems.push(`${subject.name}'s log: ${subject.complaint}`);
  return {
    cpuUs: (after.cpuMicros - before.cpuMicros) / count,
    perSecond: (count / report.durationMs) * 1000,
    p50Ms: report.p50Ms,
    p99Ms: report.p99Ms,
    rssMb: after.peakRssBytes / 2 ** 20,
    count,
    fromMicros,
    toMicros,
    problems,
  };
}

/** Every answer that did not come as often as expected. */
export function describeUnexpected(
  answers: Readonly<Record<string, number>>,
  expected: Readonly<Record<string, number>>,
): string[] {
  return [...new Set([...Object.keys(expected), ...Object.keys(answers)])]
    .filter((word) => (answers[word] ?? 0) !== (expected[word] ?? 0))
    .map((word) => `${answers[word] ?? 0} x ${word} instead of ${expected[word] ?? 0}`);
}

function monotonicMicros(): number {
  return Number(process.hrtime.bigint() / 1000n);
}
