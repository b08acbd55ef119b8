/** Single measurements: the server, a bare sender, a bare component. */
import { type Child, startChild } from './processes.ts';
import {
  type ComponentCalls,
  domains,
  type Load,
  type LoadReport,
  type ProviderName,
  type PushRequest,
  type SenderCalls,
  type Usage,
} from './protocol.ts';
import type { World } from './world.ts';

/** What is measured: a provider with a window. */
export interface Cell {
  readonly provider: ProviderName;
  readonly load: Load;
  /** Notifications sent first without measuring, so that code is compiled and connections are open. */
  readonly warmUp: Load;
}

/** Cost of one process per notification. */
export interface Measurement {
  /** User and system time of the process. */
  readonly cpuMicros: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly peakRssBytes: number;
  /** Number of measured notifications, for profiles. */
  readonly count: number;
  /** Start and end of the measured part, in microseconds of the system's monotonic clock. */
  readonly fromMicros: number;
  readonly toMicros: number;
  /** Problems in words; empty if every notification was sent once, accepted and answered as expected. */
  readonly problems: readonly string[];
}

/** Node options for the measured process. */
export interface Profiling {
  readonly nodeArguments?: readonly string[];
}

/** Publishes over the link and waits for the answers, through the server and the provider's stand-in. */
export async function measureServer(
  world: World,
  { provider, load, warmUp }: Cell,
  { nodeArguments }: Profiling = {},
): Promise<Measurement> {
  const { generator } = world;
  const { standIn } = world.targets[provider];
  await using server = await world.startServer(nodeArguments);
  await generator.call('blast', { domain: domains.server, provider, load: warmUp });
  const tallyBefore = await standIn.call('tally', undefined);
  const measurement = await measure(
    () => server.usage(),
    () => generator.call('blast', { domain: domains.server, provider, load }),
    'result',
  );
  const tally = await standIn.call('tally', undefined);
  const answered = Object.entries(tally).map(([word, times]) => [word, times - (tallyBefore[word] ?? 0)] as const);
  const unexpected = describeUnexpected(Object.fromEntries(answered), '200', load.count);
  const problems = [...measurement.problems, ...unexpected.map((problem) => `the provider's answers: ${problem}`)];
  if (problems.length > 0 && server.complaint) problems.push(`the server's log: ${server.complaint}`);
  return { ...measurement, problems };
}

const senderFiles: Readonly<Record<ProviderName, string>> = { apns: 'floor-apns.ts', fcm: 'floor-fcm.ts' };

/** Sends the same requests to the stand-in, without a server in between. */
export async function measureSender(
  world: World,
  { provider, load, warmUp }: Cell,
  requests: readonly PushRequest[],
  { nodeArguments = [] }: Profiling = {},
): Promise<Measurement> {
  const { origin, ca } = world.targets[provider];
  await using sender: Child<SenderCalls> = startChild<SenderCalls>({
    file: senderFiles[provider],
    signal: world.signal,
    nodeArguments,
  });
  await sender.call('connect', { origin, ca, requests });
  // First a single one, since APNs allows no more until it has seen the provider token.
  await sender.call('send', { count: 1, window: 1 });
  await sender.call('send', warmUp);
  return await measure(
    () => sender.call('usage', undefined),
    () => sender.call('send', load),
    '200',
  );
}

/** Publishes the same stanzas to a component that answers at once. */
export async function measureComponent(
  world: World,
  { provider, load, warmUp }: Cell,
  { nodeArguments = [] }: Profiling = {},
): Promise<Measurement> {
  const { generator, service } = world;
  const domain = domains.floor;
  await using component: Child<ComponentCalls> = startChild<ComponentCalls>({
    file: 'floor-component.ts',
    signal: world.signal,
    nodeArguments,
  });
  await component.call('connect', { service, domain });
  await generator.call('blast', { domain, provider, load: warmUp });
  return await measure(
    () => component.call('usage', undefined),
    () => generator.call('blast', { domain, provider, load }),
    'result',
  );
}

async function measure(
  readUsage: () => Promise<Usage>,
  send: () => Promise<LoadReport>,
  expected: string,
): Promise<Measurement> {
  const before = await readUsage();
  const fromMicros = monotonicMicros();
  const report = await send();
  const toMicros = monotonicMicros();
  const after = await readUsage();
  const { count, durationMs, p50Ms, p99Ms, answers } = report;
  return {
    cpuMicros: (after.cpuMicros - before.cpuMicros) / count,
    perSecond: (count / durationMs) * 1000,
    p50Ms,
    p99Ms,
    peakRssBytes: after.peakRssBytes,
    count,
    fromMicros,
    toMicros,
    problems: describeUnexpected(answers, expected, count),
  };
}

/** Every unexpected answer, and the expected one unless it came `count` times. */
export function describeUnexpected(
  answers: Readonly<Record<string, number>>,
  expected: string,
  count: number,
): string[] {
  const others = Object.entries(answers).filter(([word, times]) => word !== expected && times > 0);
  const problems = others.map(([word, times]) => `${times} x ${word}`);
  const good = answers[expected] ?? 0;
  return good === count ? problems : [`${good} x ${expected} instead of ${count}`, ...problems];
}

function monotonicMicros(): number {
  return Number(process.hrtime.bigint() / 1000n);
}
